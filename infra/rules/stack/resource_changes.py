"""Changes of existing resources: made in place, or rejected because Azure would replace the resource and its data.

A replacement is allowed only for resources named in `ml-workspace:allowReplacement`. Changes that Azure never allows,
such as switching off purge protection, are rejected even then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from infra.rules.resources import component_types
from infra.rules.resources.changes import REPLACEMENT, NeverOff, Replaces
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.resources.resource_properties import properties_of
from infra.rules.violation import Violation

Props = Mapping[str, object]


def check_change(type_token: str, old: Props, new: Props, *, allowed: Collection[str] = ()) -> list[Violation]:
    """Violations in the change of a component's properties from ``old`` to ``new``.

    Args:
        type_token: The component's type.
        old: Its current properties.
        new: Its wanted properties.
        allowed: Old or new names of resources that may be replaced.
    """
    refused = list(_refused(type_token, old, new))
    if any(violation.key == "name" for _, violation in refused):
        # A renamed resource is a new one: report one violation, not everything else that would replace it.
        refused = [row for row in refused if row[1].key == "name" or row[1].rule != REPLACEMENT]
    names = {str(old.get("name", "")).lower(), str(new.get("name", "")).lower()}
    is_allowed = bool(names & {name.lower() for name in allowed})
    prefix = section_key(type_token, new)
    return [violation.under(prefix) for change, violation in refused if not (is_allowed and change.lost)]


def section_key(type_token: str, props: Props) -> str:
    """The key of a resource in the stack file."""
    if type_token == component_types.STORAGE_ACCOUNT and props.get("role") == "additional":
        return f"ml-workspace:additionalStorageAccounts[{props.get('name')}]"
    return f"ml-workspace:{COMPONENT_TYPES[type_token].section}"


def _refused(type_token: str, old: Props, new: Props) -> Iterator[tuple[Replaces | NeverOff, Violation]]:
    for key, declared in properties_of(type_token).items():
        before, after, change = old.get(key), new.get(key), declared.property.change
        if change is None or before is None or after is None:
            continue
        if violation := change.refuse(key, before, after):
            names = (str(old.get("name")),) if change.lost else ()
            yield change, replace(violation, lost=change.lost, resources=names)
