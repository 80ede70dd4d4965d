"""Key vault: secrets with versions, served by HashiCorp Vault on integrated (raft) storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from infra import service_images, services
from infra.components.assets import asset
from infra.components.component import ServiceComponent
from infra.components.principal import INSTANCES_KEY, Principal
from infra.components.provisioning_context import ProvisioningContext
from infra.components.service_container import CERTIFICATE, PRIVATE_KEY, ServiceContainer, run
from infra.resources import rotation
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.vault_configuration import VaultConfiguration
from infra.resources.vault_initialization import VaultInitialization
from infra.rules.resources.component_types import KEY_VAULT
from infra.rules.tags.service_tags import to_service_tags
from infra.settings import KeyVaultSettings

_NO_TLS = "tls_disable = true"
_TLS = f"""tls_cert_file   = "/vault/config/{CERTIFICATE}"
  tls_key_file    = "/vault/config/{PRIVATE_KEY}"
  tls_min_version = "tls12\""""


class KeyVault(ServiceComponent):
    """One key vault.

    Owns: volumes with the encrypted data, the unseal key and the audit log, one container; initialisation, audit
        devices, secrets engines, policies and logins.
    Guarantees: initialised once, never over existing data; unseals itself after every restart of its container; no
        root token outlives the operation that created it.

    Pulumi type: ``ml-workspace:keyvault:KeyVault``
    Ready when:  ``GET /v1/sys/health`` returns 200 (initialised, unsealed, active), and it has been configured.
    """

    type_token = KEY_VAULT
    services = (services.KEY_VAULT,)

    def __init__(self, settings: KeyVaultSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(settings, parent=parent)
        self._settings = settings

    def provision(self, context: ProvisioningContext) -> Mapping[str, ServiceConnectionArgs]:
        """Create the volumes and the container, initialise the vault, unseal it and configure it."""
        service = services.KEY_VAULT
        name, settings, (endpoint,) = self.resource_name, self._settings, service.endpoints
        container = run(self, _container(context), context)
        plain = [] if context.certificates else [self.container_name(service)]
        unsealed = VaultInitialization(
            f"{name}-initialization",
            stack_id=context.identity.stack_id,
            vault_name=name,
            address=context.url(endpoint.use),
            container=self.container_name(service),
            container_id=container.id,
            user=service_images.table()[service.image].user,
            ca_certificate=context.ca_certificate,
            opts=self.child_options(deleted_with=container),
        )
        configured = VaultConfiguration(
            f"{name}-configuration",
            vault_name=name,
            address=unsealed.address,
            unseal_key=unsealed.unseal_key,
            tags=to_service_tags(settings.tags),
            purge_protection=settings.enable_purge_protection,
            principals=_principals(context),
            host_names=[*plain, context.network],
            ca_certificate=context.ca_certificate,
            ca_bundle=context.certificates.ca_bundle if context.certificates else "",
            rotates=rotation.service(service.credentials_key),
            opts=self.child_options(deleted_with=container),
        )
        connection = ServiceConnectionArgs(
            endpoints={endpoint.use: configured.address},
            credentials=configured.token.apply(lambda token: {"token": token}),
            ca_certificate=context.ca_certificate,
        )
        return self.connected(connection)


def _principals(context: ProvisioningContext) -> pulumi.Output[dict[str, Any]]:
    found = {one.name: pulumi.Output.all(one.secrets, one.storage_user) for one in context.principals}
    endpoints = context.ports.apply(
        lambda ports: {**context.existing_endpoints, **{use: _endpoint(context, use) for use in ports}}
    )
    return pulumi.Output.secret(
        pulumi.Output.all(found, endpoints).apply(
            lambda known: {p.name: _access(p, known[0][p.name], known[1]) for p in context.principals}
        )
    )


def _endpoint(context: ProvisioningContext, use: str) -> pulumi.Output[str]:
    return context.url(use).apply(lambda url: url.partition("://")[2] if use in services.WITHOUT_SCHEME else url)


def _access(principal: Principal, given: Sequence[Any], endpoints: Mapping[str, str]) -> dict[str, Any]:
    """A principal's entry in the vault: its permissions there, and its credentials in every service."""
    secrets, storage_user = given
    name, held = principal.name, dict[str, Any](endpoints=dict(endpoints))
    if principal.vault_policy:
        held |= {"keyVaultUsername": name, "keyVaultPassword": secrets["keyVault"]}
    if principal.storage_policy is not None:
        held |= {"storageAccessKey": storage_user, "storageSecretKey": secrets["storage"]}
    if principal.registry != "none":
        held |= {"registryUsername": name, "registryPassword": secrets["registry"]}
    if principal.telemetry:
        held |= {"telemetryToken": secrets["telemetry"]}
    if principal.reads_insights:
        held |= {"insightsToken": secrets["insights"]}
    if principal.tracking is not None:
        held |= {"trackingUsername": name, "trackingPassword": secrets["tracking"]}
    if INSTANCES_KEY in secrets:
        held |= {"computeInstanceToken": secrets[INSTANCES_KEY]}
    found = {"policy": principal.vault_policy, "password": secrets["keyVault"], "secret": held}
    return {**found, "is_compute": True} if principal.is_compute else found


def server_config(*, tls: bool = False, telemetry_host: str = "") -> str:
    """The vault's configuration; its metrics go to the host's StatsD port, if there is one."""
    telemetry = asset("vault-telemetry.hcl", host=telemetry_host) if telemetry_host else ""
    return asset("vault.hcl", scheme="https" if tls else "http", tls=_TLS if tls else _NO_TLS, telemetry=telemetry)


def _container(context: ProvisioningContext) -> ServiceContainer:
    tls, host = context.certificates is not None, context.telemetry.host if context.telemetry else ""
    return ServiceContainer(
        service=services.KEY_VAULT,
        command=["/bin/sh", "/vault/config/start.sh"],
        files={"vault.hcl": server_config(tls=tls, telemetry_host=host), "start.sh": asset("vault-start.sh")},
        environment={"HOME": "/tmp"},  # noqa: S108 - the container's own
        memory_mib=512,
    )
