"""Which rule judges which component: one row per rule that looks at a single resource's properties.

The settings run the rows that are assigned over what a stack file asks for; the policy pack runs each over what a
program registers. A check gets the type token, the properties as Azure names them and its parameters, and gives
violations with keys relative to the resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra.rules.names import regions
from infra.rules.names.naming import check_name, rule_id
from infra.rules.policy import organization_rules
from infra.rules.policy.policy_assignments import Parameters
from infra.rules.resources import component_types, required_properties, service_values, storage_account
from infra.rules.tags import tag_limits
from infra.rules.violation import Violation

Props = Mapping[str, object]
Check = Callable[[str, Props, Parameters], list[Violation]]

ALL = tuple(component_types.COMPONENT_TYPES)
_STORAGE = (component_types.STORAGE_ACCOUNT,)
_VAULT = (component_types.KEY_VAULT,)
_REGISTRY = (component_types.CONTAINER_REGISTRY,)

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
    return [] if name is None else check_name(component_types.COMPONENT_TYPES[type_token].kind, name)


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
    on_storage = type_token == component_types.STORAGE_ACCOUNT
    return tag_limits.check_names(found, on_storage=on_storage) if isinstance(found, Mapping) else []


def _nothing(_type_token: str, _props: Props, _parameters: Parameters) -> list[Violation]:
    """A rule that changes what is asked for; the settings do so before anything is judged."""
    return []


RESOURCE_CHECKS: dict[str, ResourceCheck] = {
    required_properties.RULE: ResourceCheck(
        ALL, lambda token, props, _parameters: required_properties.check_shape(token, props)
    ),
    **{
        rule_id(component.kind): ResourceCheck((token,), _name)
        for token, component in component_types.COMPONENT_TYPES.items()
    },
    organization_rules.PATTERN: ResourceCheck(ALL, organization_rules.check_name_pattern, {"patterns": {}}),
    regions.RULE: ResourceCheck(ALL, _location),
    organization_rules.LOCATIONS: ResourceCheck(
        ALL, _with_parameters(organization_rules.check_allowed_location), {"allowedLocations": []}
    ),
    organization_rules.SAME_LOCATION: ResourceCheck(
        ALL, _props_only(organization_rules.check_same_location), beside_group=True
    ),
    organization_rules.SKUS: ResourceCheck(ALL, organization_rules.check_allowed_sku, {"allowedSkus": {}}),
    organization_rules.TYPES: ResourceCheck(ALL, organization_rules.check_forbidden_type, {"forbiddenTypes": []}),
    tag_limits.COUNT: ResourceCheck(ALL, _on_tags(tag_limits.check_count)),
    tag_limits.NAME: ResourceCheck(ALL, _tag_names),
    tag_limits.VALUE: ResourceCheck(ALL, _on_tags(tag_limits.check_values)),
    tag_limits.CASE: ResourceCheck(ALL, _on_tags(tag_limits.check_case_twins)),
    tag_limits.SECRET: ResourceCheck(ALL, _on_tags(tag_limits.check_secrets)),
    tag_limits.REQUIRED: ResourceCheck(ALL, _with_parameters(organization_rules.check_required_tags), {"tags": {}}),
    INHERIT: ResourceCheck(ALL, _nothing, {"source": "resourceGroup", "mode": "ifMissing", "tags": ["*"]}),
    storage_account.KIND: ResourceCheck(_STORAGE, _props_only(storage_account.check_kind)),
    storage_account.SKU: ResourceCheck(_STORAGE, _props_only(storage_account.check_sku)),
    storage_account.HNS: ResourceCheck(_STORAGE, _props_only(storage_account.check_hierarchical_namespace)),
    storage_account.VERSIONING: ResourceCheck(_STORAGE, _props_only(storage_account.check_versioning)),
    storage_account.TIER: ResourceCheck(_STORAGE, _props_only(storage_account.check_access_tier)),
    storage_account.TLS: ResourceCheck(_STORAGE, _props_only(storage_account.check_tls)),
    storage_account.RETENTION: ResourceCheck(_STORAGE, _props_only(storage_account.check_retention)),
    organization_rules.VERSIONING: ResourceCheck(_STORAGE, _props_only(organization_rules.check_versioned)),
    organization_rules.SOFT_DELETE: ResourceCheck(
        _STORAGE, _with_parameters(organization_rules.check_soft_delete), {"minimumDays": 7}
    ),
    service_values.KEY_VAULT_SKU: ResourceCheck(_VAULT, _props_only(service_values.check_key_vault_sku)),
    service_values.KEY_VAULT_RETENTION: ResourceCheck(_VAULT, _props_only(service_values.check_key_vault_retention)),
    organization_rules.PURGE_PROTECTION: ResourceCheck(_VAULT, _props_only(organization_rules.check_purge_protection)),
    service_values.REGISTRY_SKU: ResourceCheck(_REGISTRY, _props_only(service_values.check_registry_sku)),
    service_values.REGISTRY_ADMIN: ResourceCheck(_REGISTRY, _props_only(service_values.check_registry_admin)),
    organization_rules.NO_ADMIN: ResourceCheck(_REGISTRY, _props_only(organization_rules.check_no_admin)),
    service_values.INSIGHTS_RETENTION: ResourceCheck(
        (component_types.APPLICATION_INSIGHTS,), _props_only(service_values.check_insights_retention)
    ),
    service_values.WORKSPACE_SKU: ResourceCheck(
        (component_types.WORKSPACE,), _props_only(service_values.check_workspace_sku)
    ),
}

RULE_PARAMETERS: dict[str, Parameters] = {rule: row.parameters for rule, row in RESOURCE_CHECKS.items()}
