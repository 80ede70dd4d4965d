"""Container registries: SKU (T7); the admin account, which a workspace requires (M3) but an organization may forbid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from infra.rules.policy.rule import Parameters, ResourceView, Severity, rule
from infra.rules.resources.allowed_values import check_allowed
from infra.rules.resources.component_types import CONTAINER_REGISTRY
from infra.rules.resources.properties import Property, ResourceProperties
from infra.rules.violation import Violation, one_of

SKUS = ("Basic", "Standard", "Premium")


class ContainerRegistryProperties(ResourceProperties):
    """A container registry."""

    sku: Annotated[str, Property(doc=f"Pricing tier: {one_of(SKUS)}.", default="Basic", source="T7")]
    admin_user_enabled: Annotated[
        bool, Property(doc="Whether the admin account is enabled; a workspace requires it.", default=True, source="M3")
    ]


@rule(
    id="container-registry-limit-sku",
    summary="A container registry has a SKU that Azure offers.",
    why="Azure rejects other SKUs.",
    severity=Severity.HIGH,
    source="T7",
    fix="Set 'sku' to 'Basic', 'Standard' or 'Premium'.",
    applies_to=(CONTAINER_REGISTRY,),
)
def limit_sku(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Case matters."""
    return check_allowed(resource, "sku", SKUS, "unknown SKU of a container registry")


@rule(
    id="container-registry-require-admin-user",
    summary="The registry's admin account is enabled.",
    why="A workspace cannot use a registry without it.",
    severity=Severity.HIGH,
    source="M3, T2",
    fix="Set 'adminUserEnabled' to true.",
    applies_to=(CONTAINER_REGISTRY,),
)
def require_admin_user(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """The workspace pulls and pushes images with it."""
    if resource.props.get("adminUserEnabled") is False:
        yield Violation(
            key="adminUserEnabled",
            value=False,
            found="a workspace can't use a registry without the admin account",
            allowed="true",
            fix="set 'adminUserEnabled' to true",
        )


@rule(
    id="container-registry-forbid-admin-user",
    summary="The registry's admin account is disabled.",
    why="A shared account hides who did what. Conflicts with what a workspace requires, so disabled by default.",
    severity=Severity.MEDIUM,
    source="built-in dc921057",
    fix="Set 'adminUserEnabled' to false.",
    applies_to=(CONTAINER_REGISTRY,),
)
def forbid_admin_user(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """A workspace can't use a registry that complies."""
    if resource.props.get("adminUserEnabled") is True:
        yield Violation(
            key="adminUserEnabled",
            value=True,
            found="the admin account is shared by all its users",
            allowed="false",
            fix="set 'adminUserEnabled' to false",
        )
