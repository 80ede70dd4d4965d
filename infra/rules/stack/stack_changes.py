"""Changes of a whole stack: each resource is compared with what the last update accepted.

Pure: the caller passes what was accepted and what other stacks have. `resource_changes` checks the change of one
resource; this module pairs old and new resources, and checks those that the stack no longer has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from infra.rules.policy.rule import StackRule
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.stack.deployed_resources import Deployed, users_of
from infra.rules.stack.resource_changes import check_change, section_key
from infra.rules.violation import Violation

IN_USE = StackRule(
    "change-resource-forbid-removal-in-use", "No change deletes a resource that another stack's workspace uses."
)

REMOVAL = StackRule(
    "change-resource-forbid-removal", "No change deletes a resource and its data, unless the stack allows it."
)

Resources = Mapping[str, Mapping[str, Any]]
"""``type`` and Azure ``properties`` of each resource, by :func:`resource_key`."""


def resource_key(type_token: str, props: Mapping[str, object]) -> str:
    """Key that pairs old and new resources. It has no name, because a renamed resource is a replaced one."""
    section = COMPONENT_TYPES[type_token].section
    return f"additionalStorageAccounts/{props.get('name')}" if props.get("role") == "additional" else section


def check_changes(
    before: Resources, wanted: Resources, *, allowed: Collection[str], deployed: Iterable[Deployed]
) -> list[Violation]:
    """Violations in the changes of a stack's own resources.

    Args:
        before: The current resources.
        wanted: The wanted resources.
        allowed: Names of resources that may be replaced.
        deployed: Components of the other stacks.
    """
    found = [
        violation
        for key, resource in wanted.items()
        if key in before
        for violation in check_change(
            resource["type"], before[key]["properties"], resource["properties"], allowed=allowed
        )
    ]
    kept, others = {_id(resource).casefold() for resource in wanted.values()}, list(deployed)
    may_go = {name.lower() for name in allowed}
    for key, resource in before.items():
        if _id(resource).casefold() in kept:
            continue
        # Even if the stack allows the replacement: it would also delete the data of others.
        if users := users_of(_id(resource), others):
            found.append(_in_use(resource, users))
        elif key not in wanted and str(resource["properties"].get("name")).lower() not in may_go:
            found.append(_removed(resource))
    return found


def _id(resource: Mapping[str, Any]) -> str:
    return str(resource["properties"].get("resourceId", ""))


def _removed(resource: Mapping[str, Any]) -> Violation:
    type_token, props = resource["type"], resource["properties"]
    name = props.get("name")
    return Violation(
        rule=REMOVAL,
        key=section_key(type_token, props),
        value=None,
        found=f"the {COMPONENT_TYPES[type_token].kind} '{name}' is no longer one of the stack's own resources and "
        "would be deleted with its data",
        allowed=f"'{name}' unchanged",
        fix=f"restore '{name}'; if its data may be lost, add '{name}' to 'ml-workspace:allowReplacement'",
    )


def _in_use(resource: Mapping[str, Any], users: list[str]) -> Violation:
    type_token, props = resource["type"], resource["properties"]
    name = props.get("name")
    return Violation(
        rule=IN_USE,
        key=section_key(type_token, props),
        value=None,
        found=f"the {COMPONENT_TYPES[type_token].kind} '{name}' would be deleted, but is used by "
        f"{', '.join(f'stack {user!r}' for user in users)}",
        allowed=f"'{name}' unchanged while other stacks use it",
        fix=f"restore '{name}', or take those stacks down first",
    )
