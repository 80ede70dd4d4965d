"""What a component must register about itself, so that no rule can be passed by leaving a property out.

A stack file is checked more exactly by the settings; this is for whatever else registers the project's components.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.rules.policy.rule import ALL, Parameters, ResourceView, Severity, rule
from infra.rules.resources import component_types
from infra.rules.resources.resource_ids import parse_resource_id
from infra.rules.violation import Violation

_TEXT, _BOOL, _NUMBER, _MAPPING = "text", "true or false", "a number", "a mapping"
_TYPES: dict[str, type | tuple[type, ...]] = {_TEXT: str, _BOOL: bool, _NUMBER: (int, float), _MAPPING: Mapping}
_COMMON = {"name": _TEXT, "location": _TEXT, "tags": _MAPPING, "resourceId": _TEXT}
PROPERTIES: dict[str, dict[str, str]] = {
    component_types.RESOURCE_GROUP: _COMMON,
    component_types.STORAGE_ACCOUNT: _COMMON
    | {"kind": _TEXT, "sku": _TEXT, "isHnsEnabled": _BOOL, "accessTier": _TEXT, "minimumTlsVersion": _TEXT}
    | {"blobVersioning": _BOOL, "deleteRetentionDays": _NUMBER, "role": _TEXT},
    component_types.CONTAINER_REGISTRY: _COMMON | {"sku": _TEXT, "adminUserEnabled": _BOOL},
    component_types.KEY_VAULT: _COMMON
    | {"sku": _TEXT, "softDeleteRetentionInDays": _NUMBER, "enablePurgeProtection": _BOOL},
    component_types.APPLICATION_INSIGHTS: _COMMON | {"retentionInDays": _NUMBER},
    component_types.WORKSPACE: _COMMON
    | {"sku": _TEXT, "storageAccount": _TEXT, "keyVault": _TEXT, "containerRegistry": _TEXT}
    | {"applicationInsights": _TEXT},
}


@rule(
    id="resource-require-properties",
    summary="A component registers its Azure properties, each of the right type.",
    why="A rule cannot judge what is left out.",
    severity=Severity.HIGH,
    source="own",
    fix="Register the component with the property.",
    applies_to=ALL,
)
def require_properties(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """None is absent or of a wrong type, and the id is one."""
    props = resource.props
    for key, expected in PROPERTIES[resource.type_token].items():
        value = props.get(key)
        if isinstance(value, _TYPES[expected]) and not (expected == _NUMBER and isinstance(value, bool)):
            continue
        found = "it is missing" if value is None else f"it is not {expected}"
        shown = value if isinstance(value, str | int | float) else None
        yield _violation(key, shown, found, expected)
    identity = props.get("resourceId")
    if isinstance(identity, str):
        try:
            parse_resource_id(identity)
        except ValueError:
            yield _violation("resourceId", identity, "it is no resource id", "an Azure-style resource id")


def _violation(key: str, value: object, found: str, allowed: str) -> Violation:
    return Violation(key=key, value=value, found=found, allowed=allowed, fix=f"register the component with '{key}'")
