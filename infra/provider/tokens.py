"""Map resource type tokens to modules. Tokens are in every state and never change; modules may be renamed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from infra.errors import MlWorkspaceError
from infra.resources.resource import PACKAGE, Provider, Resource

MODULES: Mapping[str, str] = {
    "authorization:ManagementLock": "infra.resources.management_lock",
    "certificates:CertificateAuthority": "infra.resources.tls_certificates",
    "certificates:ServerCertificates": "infra.resources.tls_certificates",
    "engine:EngineReservation": "infra.resources.engine_reservation",
    "engine:ReadyGate": "infra.resources.ready_gate",
    "engine:VolumeFiles": "infra.resources.volume_files",
    "guards:ChangeGuard": "infra.resources.change_guard",
    "guards:SoftDeletion": "infra.resources.soft_deletion",
    "guards:StackExpiry": "infra.resources.stack_expiry",
    "guards:StackIdentity": "infra.resources.stack_identity",
    "guards:UsageGuard": "infra.resources.usage_guard",
    "guards:VolumeGuard": "infra.resources.volume_guard",
    "keyvault:KeyVaultAccess": "infra.resources.key_vault_access",
    "keyvault:VaultConfiguration": "infra.resources.vault_configuration",
    "keyvault:VaultInitialization": "infra.resources.vault_initialization",
    "machinelearningservices:ArtifactAccess": "infra.resources.artifact_access",
    "machinelearningservices:DatastoreCredentials": "infra.resources.datastore_credentials",
    "machinelearningservices:WorkspaceIdentity": "infra.resources.workspace_identity",
    "machinelearningservices:WorkspaceRecord": "infra.resources.workspace_record",
    "secrets:GeneratedSecrets": "infra.resources.generated_secrets",
    "storage:DatastoreContainers": "infra.resources.datastore_containers",
    "storage:StoragePrincipals": "infra.resources.storage_principals",
}
"""Token without the package to its module, which is imported with the first resource of the type."""


@cache
def provider_of(token: str) -> Provider:
    """The provider of a resource type.

    Raises:
        MlWorkspaceError: The type is unknown.
    """
    module = MODULES.get(token.removeprefix(f"{PACKAGE}:"))
    if module is None:
        raise MlWorkspaceError(
            f"loading the resource type '{token}': unknown to the provider '{PACKAGE}'; allowed: "
            f"{', '.join(f'{PACKAGE}:{name}' for name in sorted(MODULES))}."
        )
    kind: type[Resource] = getattr(import_module(module), token.rpartition(":")[2])
    return kind.provider_class()
