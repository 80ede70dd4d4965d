"""Tags that a resource inherits of its resource group or subscription.

Built-in policies `Inherit a tag from the resource group` and its siblings. Inheritance comes before the check for
required tags, as Azure evaluates modify before deny (PO).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra.rules.policy.rule import ALL, Parameters, ResourceView, Severity, rule
from infra.rules.violation import Violation

Tags = Mapping[str, str]


@rule(
    id="tags-resource-inherit-tags",
    summary="Resources inherit tags of their resource group or subscription.",
    why="Azure inherits none by itself; done by the settings before required tags are checked.",
    severity=Severity.LOW,
    source="built-in cd3aa116, ea3f2387, b27a0cbd, 40df99da",
    fix="Nothing to do.",
    applies_to=ALL,
    parameters={"source": "resourceGroup", "mode": "ifMissing", "tags": ["*"]},
)
def inherit_tags(_resource: ResourceView, _parameters: Parameters) -> Iterable[Violation]:
    """Nothing: :func:`inherit` changes the tags before anything is judged."""
    return ()


def merge(inherited: Tags, own: Tags, *, always: Iterable[str] = ()) -> dict[str, str]:
    """``own`` plus what it lacks of ``inherited``; names are compared without case.

    Args:
        inherited: Tags of the level above.
        own: Tags of the resource itself; they win, name and value.
        always: Names whose inherited value wins although the resource has its own (unless it is empty, as in Azure).
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
    """``own`` with what a rule lets it inherit of ``above``.

    Args:
        above: The tags of the level above.
        own: The resource's tags.
        parameters: `tags`: names, or `*` for all; `mode`: `ifMissing`, or `always` for values that win over own ones.
    """
    listed = parameters["tags"]
    names = {str(name).lower() for name in listed} if isinstance(listed, Iterable) else set()
    passed = {name: value for name, value in above.items() if "*" in names or name.lower() in names}
    return merge(passed, own, always=passed if parameters["mode"] == "always" else ())
