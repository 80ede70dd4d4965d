"""Required tags: present, with an allowed value or one that matches a pattern; checked after inheritance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from infra.rules.policy.rule import ALL, Parameters, ResourceView, Severity, rule, texts
from infra.rules.violation import Violation, one_of


@rule(
    id="tags-resource-require-tags",
    summary="Every resource has the required tags.",
    why="Without them, cost and ownership are unknown.",
    severity=Severity.HIGH,
    source="built-in 871b6d14, 1e30110a",
    fix="Set the tag on the resource, or in 'ml-workspace:tags' for all resources.",
    applies_to=ALL,
    parameters={"tags": {}},
)
def require_tags(resource: ResourceView, parameters: Parameters) -> Iterator[Violation]:
    """`tags`: required tag names, each with `allowedValues`, a `pattern`, or nothing."""
    tags, required = resource.props.get("tags"), parameters["tags"]
    if not isinstance(tags, Mapping) or not isinstance(required, Mapping):
        return
    values = {str(name).lower(): str(value) for name, value in tags.items()}
    for name, demand in required.items():
        value = values.get(str(name).lower(), "")
        if not value.strip():
            yield Violation(
                key=f"tags.{name}",
                value=None,
                found=f"the required tag '{name}' is missing or blank",
                allowed="a non-blank value, its own or inherited",
                fix=f"set 'tags.{name}', or 'ml-workspace:tags.{name}' for all resources",
            )
        elif allowed := _broken_demand(value, demand or {}):
            yield Violation(
                key=f"tags.{name}",
                value=value,
                found="this value is not allowed here",
                allowed=allowed,
                fix=f"set 'tags.{name}' to an allowed value",
            )


def _broken_demand(value: str, demand: Mapping[str, object]) -> str:
    """The allowed values, if ``value`` is not one of them; otherwise empty."""
    allowed, pattern = texts(demand.get("allowedValues")), demand.get("pattern")
    if allowed and value not in allowed:
        return one_of(allowed)
    if pattern is not None and re.fullmatch(str(pattern), value, re.ASCII) is None:
        return f"values that match {pattern}"
    return ""
