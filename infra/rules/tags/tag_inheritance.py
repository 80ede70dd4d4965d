"""Tags that a resource inherits from its resource group or subscription.

Azure's built-in policies `Inherit a tag from the resource group` and related ones. Tags are inherited before required
tags are checked, as Azure evaluates modify before deny (PO).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra.rules.policy.rule import ALL, Parameters, ResourceView, Severity, rule
from infra.rules.violation import Violation

Tags = Mapping[str, str]


@rule(
    id="tags-resource-inherit-tags",
    summary="Resources inherit tags from their resource group or subscription.",
    why="Azure does not do it by default; the settings do it before required tags are checked.",
    severity=Severity.LOW,
    source="built-in cd3aa116, ea3f2387, b27a0cbd, 40df99da",
    fix="Nothing to do.",
    applies_to=ALL,
    parameters={"source": "resourceGroup", "mode": "ifMissing", "tags": ["*"]},
)
def inherit_tags(_resource: ResourceView, _parameters: Parameters) -> Iterable[Violation]:
    """Reports nothing: :func:`inherit` changes the tags before any rule is checked."""
    return ()


def merge(inherited: Tags, own: Tags, *, always: Iterable[str] = ()) -> dict[str, str]:
    """``own`` plus the missing tags of ``inherited``; names are compared without case.

    Args:
        inherited: Tags of the level above.
        own: Tags of the resource itself; their names and values take precedence.
        always: Names whose inherited value overrides the resource's own (unless it is empty, as in Azure).
    """
    forced = {name.lower() for name in always}
    above = {name.lower(): value for name, value in inherited.items()}
    merged = {
        name: above[name.lower()] if name.lower() in forced and above.get(name.lower()) else value
        for name, value in own.items()
    }
    present = {name.lower() for name in own}
    merged.update((name, value) for name, value in inherited.items() if name.lower() not in present)
    return merged


def inherit(above: Tags, own: Tags, parameters: Parameters) -> dict[str, str]:
    """``own`` with the tags of ``above`` that a rule lets it inherit.

    Args:
        above: The tags of the level above.
        own: The resource's tags.
        parameters: `tags`: names, or `*` for all; `mode`: `ifMissing`, or `always` to override the resource's values.
    """
    listed = parameters["tags"]
    names = {str(name).lower() for name in listed} if isinstance(listed, Iterable) else set()
    passed = {name: value for name, value in above.items() if "*" in names or name.lower() in names}
    return merge(passed, own, always=passed if parameters["mode"] == "always" else ())
