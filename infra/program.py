"""The composition root, which reads like an Azure template: everything is declared, then reserved, then made.

Nothing is made before every component has been declared (so that the settings and the policies have judged all of it)
and the engine has been asked whether it can take the stack. The workspace record comes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config

from infra import images, settings
from infra.clients import backend
from infra.components import application_insights, container_registry, key_vault, storage_account
from infra.components.application_insights import ApplicationInsights
from infra.components.base import Component, Site
from infra.components.container_registry import ContainerRegistry
from infra.components.key_vault import KeyVault
from infra.components.resource_group import ResourceGroup
from infra.components.storage_account import StorageAccount
from infra.components.workspace import Workspace
from infra.datastores import ARTIFACT_CONTAINER, provision_datastores
from infra.errors import ConfigurationError
from infra.resources.change_guard import ChangeGuard
from infra.resources.engine_reservation import EngineReservation
from infra.resources.usage_guard import UsageGuard
from infra.rules.resources import (
    APPLICATION_INSIGHTS,
    CONTAINER_REGISTRY,
    KEY_VAULT,
    RESOURCE_GROUP,
    STORAGE_ACCOUNT,
    WORKSPACE,
)
from infra.settings import Settings

STORAGE_USE = "storage"


def main() -> None:
    """Entry of `pulumi up`: read the stack's configuration and provision it; a bad one ends in one message."""
    try:
        stack = pulumi.get_stack()
        others = backend.deployed(project=pulumi.get_project(), except_stack=stack)
        wanted = settings.load(runtime_config.CONFIG.get(), stack=stack, deployed=others)
    except ConfigurationError as exc:
        raise pulumi.RunError(str(exc)) from None
    for notice in wanted.notices:
        pulumi.warn(notice)
    for name, value in provision(wanted).items():
        pulumi.export(name, value)


def provision(wanted: Settings) -> dict[str, Any]:
    """Provision one workspace.

    Returns:
        The stack's outputs.
    """
    group = ResourceGroup(wanted.resource_group)
    storage = StorageAccount(wanted.storage_account, parent=group)
    registry = ContainerRegistry(wanted.container_registry, parent=group)
    vault = KeyVault(wanted.key_vault, parent=group)
    insights = ApplicationInsights(wanted.application_insights, parent=group)
    additional = [StorageAccount(account, parent=group) for account in wanted.additional_storage_accounts]
    workspace = Workspace(wanted.workspace, parent=group)

    volumes: dict[Component, Iterable[str]] = {
        **dict.fromkeys([storage, *additional], storage_account.VOLUMES),
        registry: container_registry.VOLUMES,
        vault: key_vault.VOLUMES,
        insights: application_insights.VOLUMES,
    }
    guard = _guard_changes(wanted, group, declared=[group, *volumes, workspace])
    reservation = _reserve(wanted, group, volumes, after=guard)
    group.provision(after=reservation)
    workspace.identify(after=reservation)
    site = Site(
        reservation=reservation, network=group.network, ports=reservation.ports, image_ids=reservation.image_ids
    )
    storage.provision(site, use=STORAGE_USE)
    registry.provision(site)
    vault.provision(site)
    insights.provision(site)
    for account in additional:
        account.provision(site, use=_additional_use(account.resource_name))

    datastores = provision_datastores(storage, wanted.datastores, workspace_id=workspace.workspace_id)
    workspace.provision(
        storage,
        resource_group=wanted.resource_group.name,
        bucket=ARTIFACT_CONTAINER,
        ready=[
            registry.login_server,
            vault.vault_uri,
            insights.otlp_http,
            pulumi.Output.all(**datastores).apply(lambda made: str(len(made))),
            *(account.endpoint for account in additional),
        ],
    )
    UsageGuard(
        f"{wanted.stack}-usage",
        resource_ids=[component.resource_id for component in volumes],
        opts=pulumi.ResourceOptions(parent=group, depends_on=[workspace.record_resource]),
    )
    return {
        "workspace": workspace.record,
        "resourceGroup": {key: value for key, value in wanted.resource_group.props().items() if key != "resourceId"}
        | {"id": wanted.resource_group.id},
        "endpoints": {
            "storage": storage.endpoint,
            "registry": registry.login_server,
            "keyVault": vault.vault_uri,
            "otlpGrpc": insights.otlp_grpc,
            "otlpHttp": insights.otlp_http,
            **{_additional_use(account.resource_name): account.endpoint for account in additional},
        },
        "datastores": list(datastores.values()),
        "credentials": pulumi.Output.secret(
            {
                "storage": storage.credentials,
                "registry": registry.credentials,
                "keyVault": vault.credentials,
                "telemetry": insights.credentials,
                **{_additional_use(account.resource_name): account.credentials for account in additional},
            }
        ),
    }


def _additional_use(account_name: str) -> str:
    return f"{STORAGE_USE}.{account_name}"


def _reserve(
    wanted: Settings,
    group: ResourceGroup,
    volumes: Mapping[Component, Iterable[str]],
    *,
    after: ChangeGuard,
) -> EngineReservation:
    additional = [_additional_use(account.name) for account in wanted.additional_storage_accounts]
    return EngineReservation(
        f"{group.resource_name}-reservation",
        names={
            "containers": [component.container_name for component in volumes],
            "volumes": [component.volume_name(part) for component, parts in volumes.items() for part in parts],
            "networks": [group.network_name],
        },
        uses=[
            STORAGE_USE,
            container_registry.USE,
            key_vault.USE,
            application_insights.USE_GRPC,
            application_insights.USE_HTTP,
            *additional,
        ],
        images={service: image.image for service, image in images.table().items()},
        port_range=(wanted.port_range.first, wanted.port_range.last),
        opts=pulumi.ResourceOptions(parent=group, depends_on=[after]),
    )


def _guard_changes(wanted: Settings, group: ResourceGroup, *, declared: Sequence[Component]) -> ChangeGuard:
    return ChangeGuard(
        f"{wanted.stack}-changes",
        resources={
            "resourceGroup": (RESOURCE_GROUP, wanted.resource_group.props()),
            "storageAccount": (STORAGE_ACCOUNT, wanted.storage_account.props()),
            "containerRegistry": (CONTAINER_REGISTRY, wanted.container_registry.props()),
            "keyVault": (KEY_VAULT, wanted.key_vault.props()),
            "applicationInsights": (APPLICATION_INSIGHTS, wanted.application_insights.props()),
            "workspace": (WORKSPACE, wanted.workspace.props()),
            **{
                f"additionalStorageAccounts/{account.name}": (STORAGE_ACCOUNT, account.props())
                for account in wanted.additional_storage_accounts
            },
        },
        allowed=wanted.allow_replacement,
        declared=[pulumi.Output.from_input(_urn(component)) for component in declared],
        opts=pulumi.ResourceOptions(parent=group),
    )


async def _urn(component: Component) -> str:
    # Without its dependency: one on a component is one on all its children, and those wait for the reservation.
    return str(await component.urn.future())
