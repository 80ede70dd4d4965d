"""Properties that a component must register, so that omitting a property never passes a rule.

The settings check stack files more precisely; this rule is for other programs that register the project's components.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_origin

from infra.rules.policy.rule import ALL, Parameters, ResourceView, Severity, rule
from infra.rules.resources.resource_ids import parse_resource_id
from infra.rules.resources.resource_properties import properties_of
from infra.rules.violation import Violation

_TYPES: dict[Any, tuple[str, type | tuple[type, ...]]] = {
    str: ("a string", str),
    bool: ("true or false", bool),
    int: ("a number", (int, float)),
    dict: ("a mapping", Mapping),
}
"""Declared type to its description and to its types in the engine."""


@rule(
    id="resource-require-properties",
    summary="A component registers its Azure properties with the right types.",
    why="A rule cannot check a missing property.",
    severity=Severity.HIGH,
    source="own",
    fix="Register the component with the property.",
    applies_to=ALL,
)
def require_properties(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """No property is missing or has the wrong type, and the id is valid."""
    props = resource.props
    for key, declared in properties_of(resource.type_token).items():
        if not declared.property.required:
            continue
        value, (expected, types) = props.get(key), _TYPES[get_origin(declared.type) or declared.type]
        if isinstance(value, types) and not (declared.type is int and isinstance(value, bool)):
            continue
        found = "missing" if value is None else f"it is not {expected}"
        shown = value if isinstance(value, str | int | float) else None
        yield _violation(key, shown, found, expected)
    identity = props.get("resourceId")
    if isinstance(identity, str):
        try:
            parse_resource_id(identity)
        except ValueError:
            yield _violation("resourceId", identity, "it is not a resource id", "an Azure-style resource id")


def _violation(key: str, value: object, found: str, allowed: str) -> Violation:
    return Violation(key=key, value=value, found=found, allowed=allowed, fix=f"register the component with '{key}'")
