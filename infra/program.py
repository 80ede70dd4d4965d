"""The composition root, which reads like an Azure template: everything is declared, then reserved, then made.

Nothing is made before every component has been declared (so that the settings and the policies have judged all of it)
and the engine has been asked whether it can take the stack. The workspace record comes last.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config

from infra import settings
from infra.clients.state import stack_states
from infra.components.application_insights import ApplicationInsights
from infra.components.component import ServiceComponent
from infra.components.container_registry import ContainerRegistry
from infra.components.datastores import DataHome, SecretHome, artifact_container, provision_datastores
from infra.components.existing_resource import SharedResource
from infra.components.key_vault import USE as KEY_VAULT
from infra.components.key_vault import KeyVault
from infra.components.principals import list_assignments, make_principals
from infra.components.provisioning_context import ProvisioningContext
from infra.components.resource_group import ResourceGroup
from infra.components.storage_account import USE as STORAGE
from infra.components.storage_account import StorageAccount
from infra.components.tls_certificates import Certificates, authorities
from infra.components.workspace import Workspace
from infra.errors import MlWorkspaceError
from infra.preconditions import guard_changes, reserve
from infra.resources.usage_guard import UsageGuard
from infra.rules.tags.service_tags import to_service_tags
from infra.settings import ResourceSettings, Settings
from infra.settings.stack_file import refine_encrypted

Associated = ServiceComponent | SharedResource


def provision(wanted: Settings) -> dict[str, Any]:
    """Provision one workspace.

    Returns:
        The stack's outputs.
    """
    group = ResourceGroup(wanted.resource_group)
    storage = _declare(StorageAccount, wanted.storage_account, group)
    registry = _declare(ContainerRegistry, wanted.container_registry, group)
    vault = _declare(KeyVault, wanted.key_vault, group)
    insights = _declare(ApplicationInsights, wanted.application_insights, group)
    additional = [_declare(StorageAccount, account, group) for account in wanted.additional_storage_accounts]
    workspace = Workspace(wanted.workspace, parent=group)

    associated = [storage, registry, vault, insights, *additional]
    services = [resource for resource in associated if isinstance(resource, ServiceComponent)]

    guard = guard_changes(wanted, group, declared=[group, *services, workspace])
    reservation = reserve(wanted, group, services, after=guard)

    group.provision(after=reservation)
    workspace.identify(after=reservation)
    context = ProvisioningContext(
        reservation=reservation,
        network=group.network,
        ports=reservation.ports,
        image_ids=reservation.image_ids,
        limits=wanted.limits,
        telemetry=(
            insights.target(after=reservation, network=group.network_name)
            if isinstance(insights, ApplicationInsights)
            else None
        ),
        certificates=_certificates(group, services, after=reservation) if wanted.tls else None,
        principals=make_principals(wanted, after=reservation, parent=workspace),
    )
    # The key vault takes longest to become ready, and everything after it waits: it is begun first.
    for service in sorted(services, key=lambda one: one is not vault):
        service.provision(context)

    home = _data_home(wanted, storage, workspace)
    datastores = provision_datastores(
        home,
        _secret_home(vault),
        wanted.datastores,
        workspace_id=workspace.workspace_id,
        guest_options=workspace.child_options(),
    )
    endpoints = {use: address for resource in associated for use, address in resource.endpoints.items()}
    workspace.provision(
        home,
        resource_group=wanted.resource_group.name,
        bucket=artifact_container(home, workspace.workspace_id),
        ready=[*endpoints.values(), *datastores.values()],
    )
    UsageGuard(
        f"{wanted.stack}-usage",
        resource_ids=[service.resource_id for service in services],
        opts=pulumi.ResourceOptions(parent=group, depends_on=[workspace.record_resource]),
    )
    trusted = [resource.trust for resource in associated]
    return {
        "workspace": workspace.record,
        "resourceGroup": {key: getattr(wanted.resource_group, key) for key in ("id", "name", "location", "tags")},
        "endpoints": endpoints,
        "datastores": list(datastores.values()),
        "credentials": pulumi.Output.secret({r.credentials_key: r.credentials for r in associated}),
        **({"roleAssignments": list_assignments(wanted)} if wanted.role_assignments else {}),
        **({"certificateAuthority": authorities(trusted)} if any(trust != "" for trust in trusted) else {}),
    }


def _declare(kind: type[ServiceComponent], settings: ResourceSettings, group: ResourceGroup) -> Associated:
    """Declare what the workspace is tied to; what another stack owns is only looked up."""
    return SharedResource(settings, kind) if settings.existing_in else kind(settings, parent=group)


def _certificates(
    group: ResourceGroup, services: Sequence[ServiceComponent], *, after: pulumi.Resource
) -> Certificates:
    return Certificates(
        group.resource_name,
        network=group.network_name,
        containers=[service.container_name for service in services],
        options=group.child_options(after=after),
    )


def _data_home(wanted: Settings, storage: Associated, workspace: Workspace) -> DataHome:
    own = storage if isinstance(storage, StorageAccount) else None
    return DataHome(
        account=wanted.storage_account.name,
        endpoint=storage.endpoints[STORAGE],
        keys=storage.credentials,
        trust=storage.trust,
        versioned=wanted.storage_account.blob_versioning,
        retention_days=wanted.storage_account.delete_retention_days,
        tags=to_service_tags(wanted.storage_account.tags),
        options=own.data_options() if own else workspace.child_options(),
        shared=own is None,
    )


def _secret_home(vault: Associated) -> SecretHome:
    return SecretHome(
        endpoint=vault.endpoints[KEY_VAULT],
        token=vault.credentials.apply(lambda held: held["token"]),
        trust=vault.trust,
        shared=isinstance(vault, SharedResource),
    )


def main() -> None:
    """Entry of `pulumi up`: read the stack's configuration and provision it; a bad one ends in one message."""
    if not os.environ.get("MLW_DEBUG"):
        leave_out_debug_messages()
    try:
        wanted = _load(pulumi.get_project(), pulumi.get_stack())
    except MlWorkspaceError as exc:
        raise pulumi.RunError(str(exc)) from None
    for notice in wanted.notices:
        pulumi.warn(notice)
    for name, value in provision(wanted).items():
        pulumi.export(name, value)


def _load(project: str, stack: str) -> Settings:
    """The stack's settings, judged beside what it was allowed so far and what other stacks have deployed."""
    config = runtime_config.CONFIG.get()
    secret = [key for key in config if runtime_config.is_config_secret(key)]
    return settings.load(
        config,
        stack=stack,
        deployed=stack_states.deployed(project=project, except_stack=stack),
        accepted=stack_states.accepted(project, stack),
        encrypted=refine_encrypted(secret, Path("stacks", f"Pulumi.{stack}.yaml")),
    )


def leave_out_debug_messages() -> None:
    """Keep the SDK from telling the engine of each of its own steps.

    Some of these messages hold outputs with their secrets in plain text, and runs with ``--json`` or ``--debug`` print
    them.

    Every such message is a call that the whole program waits for, and each resource makes four of them: a quarter of a
    second for a workspace. The engine says by itself what is registered.
    """
    pulumi.log.debug = lambda *_args, **_more: None
