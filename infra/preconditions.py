"""Preconditions before anything is created: no change that loses data, and an engine that can run the stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pulumi

from infra import service_images
from infra.components.component import Component, ServiceComponent
from infra.components.resource_group import ResourceGroup
from infra.resources.change_guard import ChangeGuard
from infra.resources.engine_reservation import EngineReservation
from infra.resources.stack_identity import StackIdentity
from infra.rules.resources import component_types as types
from infra.rules.stack.stack_changes import resource_key
from infra.services import REQUIRED, Service
from infra.settings import ResourceSettings, Settings
from infra.settings.configuration_digests import digests


def guard_changes(wanted: Settings, group: ResourceGroup, *, declared: Sequence[Component]) -> ChangeGuard:
    """Reject changes that would replace one of the stack's own resources."""
    return ChangeGuard(
        f"{group.resource_name}-changes",
        resources=own_resources(wanted),
        allowed=wanted.allow_replacement,
        declared=[pulumi.Output.from_input(_urn(component)) for component in declared],
        services=wanted.optional_services,
        computes=[compute.name for compute in wanted.computes],
        locks=[lock.model_dump(by_alias=True) for lock in wanted.locks],
        configuration=lambda: digests(wanted),
        soft_delete=wanted.workspace.id if wanted.workspace.soft_delete_retention_in_days else "",
        opts=pulumi.ResourceOptions(parent=group),
    )


def own_resources(wanted: Settings) -> dict[str, dict[str, Any]]:
    """Type and Azure properties of the stack's own resources, by `resource_key`."""
    return {
        resource_key(token, settings.props()): {"type": token, "properties": settings.props()}
        for token, settings in _by_type(wanted)
        if not settings.existing_in
    }


def _by_type(wanted: Settings) -> list[tuple[str, ResourceSettings]]:
    return [
        (types.RESOURCE_GROUP, wanted.resource_group),
        (types.STORAGE_ACCOUNT, wanted.storage_account),
        (types.CONTAINER_REGISTRY, wanted.container_registry),
        (types.KEY_VAULT, wanted.key_vault),
        (types.APPLICATION_INSIGHTS, wanted.application_insights),
        (types.WORKSPACE, wanted.workspace),
        *((types.STORAGE_ACCOUNT, account) for account in wanted.additional_storage_accounts),
    ]


def reserve(
    wanted: Settings,
    group: ResourceGroup,
    components: Sequence[ServiceComponent],
    identity: StackIdentity,
    *,
    after: pulumi.Resource,
) -> EngineReservation:
    """Reserve all names, ports and images that the group and its services use."""
    services = [(component, service) for component in components for service in component.services]
    images = {service.image: service_images.table()[service.image] for service in _with_required(services)}
    return EngineReservation(
        f"{group.resource_name}-reservation",
        stack_id=identity.stack_id,
        resource_id=group.resource_id,
        names={
            "containers": [component.container_name(service) for component, service in services],
            "volumes": [name for component, service in services for name in component.volume_names(service).values()],
            "networks": [group.network_name],
        },
        holders={
            component.use(endpoint): component.container_name(service)
            for component, service in services
            for endpoint in service.endpoints
        },
        images={service: image.image for service, image in images.items()},
        revisions={service: image.revision for service, image in images.items()},
        port_range=(wanted.port_range.first, wanted.port_range.last),
        cpus={section: limit.cpu for section, limit in wanted.limits.items()},
        opts=pulumi.ResourceOptions(parent=group, depends_on=[after]),
    )


def _with_required(services: Iterable[tuple[ServiceComponent, Service]]) -> Iterator[Service]:
    """The services whose images must exist: those that every stack has, even where another stack runs them."""
    yield from REQUIRED
    yield from (service for _, service in services if service.is_optional)


async def _urn(component: Component) -> str:
    # Without the dependency: depending on a component means depending on its children, which need the reservation.
    return str(await component.urn.future())
