"""Which rule judges which component: one row per rule that looks at a single resource's properties.

The settings run the rows that are assigned over what a stack file asks for; the policy pack runs each over what a
program registers. A check gets the type token, the properties as Azure names them and its parameters, and gives
violations with keys relative to the resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra.rules import company, regions, resources, services, shape, storage, tags
from infra.rules.assignments import Parameters
from infra.rules.naming import check_name, rule_id
from infra.rules.violation import Violation

Props = Mapping[str, object]
Check = Callable[[str, Props, Parameters], list[Violation]]

ALL = tuple(resources.COMPONENT_TYPES)
_STORAGE = (resources.STORAGE_ACCOUNT,)
_VAULT = (resources.KEY_VAULT,)
_REGISTRY = (resources.CONTAINER_REGISTRY,)

INHERIT = "tags-resource-inherit-tags"


@dataclass(frozen=True, slots=True)
class ResourceCheck:
    """A check, the component types that it applies to, and its parameters with their defaults.

    Attributes:
        beside_group: Whether it looks at the resource group as well, which `company.GROUP_LOCATION` tells of.
    """

    applies_to: tuple[str, ...]
    check: Check
    parameters: Parameters = field(default_factory=dict)
    beside_group: bool = False


def _name(type_token: str, props: Props, _parameters: Parameters) -> list[Violation]:
    name = props.get("name")
    return [] if name is None else check_name(resources.COMPONENT_TYPES[type_token].kind, name)


def _location(_type_token: str, props: Props, _parameters: Parameters) -> list[Violation]:
    location = props.get("location")
    return [] if location is None else regions.check_location(location)


def _props_only(check: Callable[[Props], list[Violation]]) -> Check:
    return lambda _type_token, props, _parameters: check(props)


def _with_parameters(check: Callable[[Props, Parameters], list[Violation]]) -> Check:
    return lambda _type_token, props, parameters: check(props, parameters)


def _on_tags(check: Callable[[Mapping[str, object]], list[Violation]]) -> Check:
    def check_tags(_type_token: str, props: Props, _parameters: Parameters) -> list[Violation]:
        found = props.get("tags")
        return check(found) if isinstance(found, Mapping) else []

    return check_tags


def _tag_names(type_token: str, props: Props, _parameters: Parameters) -> list[Violation]:
    found = props.get("tags")
    on_storage = type_token == resources.STORAGE_ACCOUNT
    return tags.check_names(found, on_storage=on_storage) if isinstance(found, Mapping) else []


def _nothing(_type_token: str, _props: Props, _parameters: Parameters) -> list[Violation]:
    """A rule that changes what is asked for; the settings do so before anything is judged."""
    return []


RESOURCE_CHECKS: dict[str, ResourceCheck] = {
    shape.RULE: ResourceCheck(ALL, lambda token, props, _parameters: shape.check_shape(token, props)),
    **{
        rule_id(component.kind): ResourceCheck((token,), _name)
        for token, component in resources.COMPONENT_TYPES.items()
    },
    company.PATTERN: ResourceCheck(ALL, company.check_name_pattern, {"patterns": {}}),
    regions.RULE: ResourceCheck(ALL, _location),
    company.LOCATIONS: ResourceCheck(ALL, _with_parameters(company.check_allowed_location), {"allowedLocations": []}),
    company.SAME_LOCATION: ResourceCheck(ALL, _props_only(company.check_same_location), beside_group=True),
    company.SKUS: ResourceCheck(ALL, company.check_allowed_sku, {"allowedSkus": {}}),
    company.TYPES: ResourceCheck(ALL, company.check_forbidden_type, {"forbiddenTypes": []}),
    tags.COUNT: ResourceCheck(ALL, _on_tags(tags.check_count)),
    tags.NAME: ResourceCheck(ALL, _tag_names),
    tags.VALUE: ResourceCheck(ALL, _on_tags(tags.check_values)),
    tags.CASE: ResourceCheck(ALL, _on_tags(tags.check_case_twins)),
    tags.SECRET: ResourceCheck(ALL, _on_tags(tags.check_secrets)),
    tags.REQUIRED: ResourceCheck(ALL, _with_parameters(company.check_required_tags), {"tags": {}}),
    INHERIT: ResourceCheck(ALL, _nothing, {"source": "resourceGroup", "mode": "ifMissing", "tags": ["*"]}),
    storage.KIND: ResourceCheck(_STORAGE, _props_only(storage.check_kind)),
    storage.SKU: ResourceCheck(_STORAGE, _props_only(storage.check_sku)),
    storage.HNS: ResourceCheck(_STORAGE, _props_only(storage.check_hierarchical_namespace)),
    storage.VERSIONING: ResourceCheck(_STORAGE, _props_only(storage.check_versioning)),
    storage.TIER: ResourceCheck(_STORAGE, _props_only(storage.check_access_tier)),
    storage.TLS: ResourceCheck(_STORAGE, _props_only(storage.check_tls)),
    storage.RETENTION: ResourceCheck(_STORAGE, _props_only(storage.check_retention)),
    company.VERSIONING: ResourceCheck(_STORAGE, _props_only(company.check_versioned)),
    company.SOFT_DELETE: ResourceCheck(_STORAGE, _with_parameters(company.check_soft_delete), {"minimumDays": 7}),
    services.KEY_VAULT_SKU: ResourceCheck(_VAULT, _props_only(services.check_key_vault_sku)),
    services.KEY_VAULT_RETENTION: ResourceCheck(_VAULT, _props_only(services.check_key_vault_retention)),
    company.PURGE_PROTECTION: ResourceCheck(_VAULT, _props_only(company.check_purge_protection)),
    services.REGISTRY_SKU: ResourceCheck(_REGISTRY, _props_only(services.check_registry_sku)),
    services.REGISTRY_ADMIN: ResourceCheck(_REGISTRY, _props_only(services.check_registry_admin)),
    company.NO_ADMIN: ResourceCheck(_REGISTRY, _props_only(company.check_no_admin)),
    services.INSIGHTS_RETENTION: ResourceCheck(
        (resources.APPLICATION_INSIGHTS,), _props_only(services.check_insights_retention)
    ),
    services.WORKSPACE_SKU: ResourceCheck((resources.WORKSPACE,), _props_only(services.check_workspace_sku)),
}

RULE_PARAMETERS: dict[str, Parameters] = {rule: row.parameters for rule, row in RESOURCE_CHECKS.items()}
