"""Writes `docs/settings.md` from the declared properties: `python -m tools.docs.settings_reference`.

A test compares the file with what this makes.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from infra.rules.datastores.datastore_properties import DatastoreProperties
from infra.rules.resources.component_types import COMPONENT_TYPES, RESOURCE_GROUP, STORAGE_ACCOUNT
from infra.rules.resources.management_locks import ManagementLockProperties
from infra.rules.resources.properties import DeclaredProperty, Derived, declared_properties
from infra.rules.resources.resource_properties import RESOURCE_PROPERTIES
from infra.rules.stack.host_settings import PortRangeProperties
from infra.settings.stack_input import AssociatedInput, Limit, RoleAssignmentInput, StackInput

FILE = Path(__file__).parents[2] / "docs" / "settings.md"

_HEAD = """# Settings

Made by `python -m tools.docs.settings_reference` from the declared properties; do not edit. A stack is configured in
`stacks/Pulumi.<stack>.yaml`, every key with the prefix `ml-workspace:`. Names of properties are Azure's own. An unknown
key is an error, and so is a value of another type. What values are allowed is in [policies.md](policies.md).

A change that replaces a resource is refused, because its data would be lost, unless `allowReplacement` has the
resource's name. A change in place replaces no container, unless the table says so: the service is away for the seconds
that its container takes, and its data stays. Codes of sources are those of [policies.md](policies.md).
"""
_EXISTING = """
`existing`: the id of a resource of another stack, or that stack's name, instead of a resource of this one; nothing else
is set then.
"""
_ADDITIONAL = "\nAn additional account has a name of its own, and no `existing`.\n"
_LOCKS = """
`locks`: a list of management locks, in Azure `Microsoft.Authorization/locks`; see [deleting.md](deleting.md). A lock is
added, changed and removed in place.
"""
_SECTIONS: tuple[tuple[str, str, type], ...] = (
    ("datastores", "A list; each entry is a registered datastore.", DatastoreProperties),
    ("roleAssignments", "A list; each entry gives a principal a role.", RoleAssignmentInput),
    ("limits", "What a service may use of the machine, by section, e.g. `keyVault`.", Limit),
    ("portRange", "The ports that the stack may publish on 127.0.0.1, both ends included.", PortRangeProperties),
)
_TYPES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    dict[str, str]: "mapping of text",
    list[str]: "list of text",
}


def render() -> str:
    """The whole document."""
    sections = [_HEAD, "\n## Keys of the stack\n", _table(StackInput)]
    for token, component in COMPONENT_TYPES.items():
        also = ", `additionalStorageAccounts[]`" if token == STORAGE_ACCOUNT else ""
        sections += [f"\n## {component.kind.capitalize()}: `{component.section}`{also}\n"]
        sections += [_table(RESOURCE_PROPERTIES[token])]
        if token == RESOURCE_GROUP:
            sections += [_LOCKS, _table(ManagementLockProperties)]
        if _may_exist(component.section):
            sections.append(_EXISTING)
        if token == STORAGE_ACCOUNT:
            sections.append(_ADDITIONAL)
    sections += [f"\n## `{key}`\n\n{doc}\n{_table(section)}" for key, doc, section in _SECTIONS]
    return "".join(sections)


def _may_exist(section: str) -> bool:
    fields = {field.alias: field.annotation for field in StackInput.model_fields.values()}
    annotation = fields[section]
    return isinstance(annotation, type) and issubclass(annotation, AssociatedInput)


def _table(section: type) -> str:
    headings = ["Key", "Type", "Default", "A change", "Source", "Meaning"]
    rows = [headings, ["---"] * len(headings)]
    for declared in declared_properties(section).values():
        if declared.property.settable:
            rows.append(_row(declared))
    return "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(declared: DeclaredProperty) -> list[str]:
    what = declared.property
    change = what.change.effect if what.change else what.effect
    return [f"`{declared.key}`", _type_words(declared.type), _default(what.default), change, what.source, what.doc]


def _type_words(type_: Any) -> str:  # noqa: ANN401 - what a class is annotated with
    alternatives = [entry for entry in get_args(type_) if entry is not NoneType] if type_ not in _TYPES else [type_]
    return " or ".join(_TYPES[entry] for entry in alternatives)


def _default(default: object) -> str:
    if isinstance(default, Derived):
        return default.words
    return "none" if default in (None, "", {}, []) else f"`{json.dumps(default)}`"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
