"""Which rule judges which component: one row per rule that looks at a single resource's properties.

The settings run all rows over what a stack file asks for; the policy pack runs each over what a program registers. A
check gets the properties as Azure names them and gives violations with keys relative to the resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.rules import regions, resources, services, storage
from infra.rules.naming import check_name, rule_id
from infra.rules.violation import Violation

Props = Mapping[str, object]
Check = Callable[[Props], list[Violation]]


@dataclass(frozen=True, slots=True)
class ResourceCheck:
    """A check, and the component types that it applies to."""

    applies_to: tuple[str, ...]
    check: Check


def _name_check(type_token: str) -> Check:
    kind = resources.COMPONENT_TYPES[type_token].kind

    def check(props: Props) -> list[Violation]:
        return check_name(kind, props["name"]) if "name" in props else []

    return check


def _location_check(props: Props) -> list[Violation]:
    return regions.check_location(props["location"]) if "location" in props else []


_STORAGE = (resources.STORAGE_ACCOUNT,)
_VAULT = (resources.KEY_VAULT,)
_REGISTRY = (resources.CONTAINER_REGISTRY,)

RESOURCE_CHECKS: dict[str, ResourceCheck] = {
    **{
        rule_id(component.kind): ResourceCheck((token,), _name_check(token))
        for token, component in resources.COMPONENT_TYPES.items()
    },
    regions.RULE: ResourceCheck(tuple(resources.COMPONENT_TYPES), _location_check),
    storage.KIND: ResourceCheck(_STORAGE, storage.check_kind),
    storage.SKU: ResourceCheck(_STORAGE, storage.check_sku),
    storage.HNS: ResourceCheck(_STORAGE, storage.check_hierarchical_namespace),
    storage.VERSIONING: ResourceCheck(_STORAGE, storage.check_versioning),
    storage.TIER: ResourceCheck(_STORAGE, storage.check_access_tier),
    storage.TLS: ResourceCheck(_STORAGE, storage.check_tls),
    storage.RETENTION: ResourceCheck(_STORAGE, storage.check_retention),
    services.KEY_VAULT_SKU: ResourceCheck(_VAULT, services.check_key_vault_sku),
    services.KEY_VAULT_RETENTION: ResourceCheck(_VAULT, services.check_key_vault_retention),
    services.REGISTRY_SKU: ResourceCheck(_REGISTRY, services.check_registry_sku),
    services.REGISTRY_ADMIN: ResourceCheck(_REGISTRY, services.check_registry_admin),
    services.INSIGHTS_RETENTION: ResourceCheck((resources.APPLICATION_INSIGHTS,), services.check_insights_retention),
    services.WORKSPACE_SKU: ResourceCheck((resources.WORKSPACE,), services.check_workspace_sku),
}


def check_resource(type_token: str, props: Props) -> list[Violation]:
    """Every violation by one resource's properties, in the table's order."""
    return [
        violation for row in RESOURCE_CHECKS.values() if type_token in row.applies_to for violation in row.check(props)
    ]
