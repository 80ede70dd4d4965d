"""Custom roles: read a file of role definitions in Azure's format, and report all problems together.

The format is that of `az role definition create` and `list`: one definition, or a list of them. Keys without an effect
are rejected, including `AssignableScopes`: a role applies to the workspace of the stack that names its file. A pattern
that matches nothing is rejected too: if misspelt, it would allow less than intended, or in `NotActions` more.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.rules.policy.rule import StackRule
from infra.rules.roles.role_definitions import BUILT_IN, RoleDefinition, matching
from infra.rules.roles.role_operations import IMAGES_DELETE, IMAGES_PULL, IMAGES_PUSH, OPERATIONS
from infra.rules.tags.secret_detection import is_secret_key, is_secret_value
from infra.rules.violation import Violation, one_of

FILE = StackRule("role-definition-require-file", "The file of role definitions exists and contains role definitions.")
FORMAT = StackRule("role-definition-require-format", "A role definition has Azure's format.")
NAME = StackRule("role-definition-require-unique-name", "Role names are unique, including those of built-in roles.")
OPERATION = StackRule(
    "role-definition-require-known-operation",
    "A role names only supported operations, each in the same list as in Azure.",
)
WHOLE_PUSH = StackRule(
    "role-definition-require-whole-push",
    "A role that can push images can also pull and delete them; the registry does not separate these permissions.",
)

_LISTS = {"Actions": False, "NotActions": False, "DataActions": True, "NotDataActions": True}
"""Maps each key to whether it lists data operations."""

_OTHER_KIND = {
    "Actions": "DataActions",
    "NotActions": "NotDataActions",
    "DataActions": "Actions",
    "NotDataActions": "NotActions",
}
_KEYS = ("Name", "Description", "IsCustom", *_LISTS)
_PUSH = frozenset({IMAGES_PULL, IMAGES_PUSH, IMAGES_DELETE})


@dataclass(frozen=True, slots=True)
class RoleFile:
    """The valid definitions of a file, and its violations."""

    roles: tuple[RoleDefinition, ...] = ()
    violations: tuple[Violation, ...] = ()


def no_file(path: str, reason: str, *, key: str = "roleDefinitions") -> RoleFile:
    """The result for a file that cannot be read.

    Args:
        path: The file, as named in the stack file.
        reason: Why it cannot be read.
        key: The key that names it.
    """
    return RoleFile(violations=(_file_violation(path, reason, key),))


def read_roles(document: object, *, path: str, key: str = "roleDefinitions") -> RoleFile:
    """Read the role definitions in ``document``, the content of the file ``path``, which ``key`` names."""
    entries = [document] if isinstance(document, Mapping) else document
    if not isinstance(entries, list) or not entries:
        return RoleFile(violations=(_file_violation(path, "the file contains no role definition", key),))
    reader = _Reader()
    for index, entry in enumerate(entries):
        reader.read(entry, place=f"[{index}]")
    return RoleFile(
        tuple(reader.roles), tuple(violation.under(key).located(f"stacks/{path}") for violation in reader.violations)
    )


class _Reader:
    """One pass over the definitions; collects violations and skips invalid definitions."""

    def __init__(self) -> None:
        self.roles: list[RoleDefinition] = []
        self.violations: list[Violation] = []
        self._names = {name.lower(): "a built-in role" for role in BUILT_IN for name in (role.name, role.alias) if name}

    def read(self, entry: object, *, place: str) -> None:
        """Read one definition."""
        if not isinstance(entry, Mapping):
            self.violations.append(
                _shape(place, entry, "it is not a mapping", "a role definition, {Name: …, Actions: …}")
            )
            return
        found = [*_check_format(entry), *self._check_name(entry, place)]
        patterns = {key: _texts(entry.get(key)) for key in _LISTS}
        found += [
            violation
            for key, data in _LISTS.items()
            for index, pattern in enumerate(patterns[key])
            for violation in _check_pattern(pattern, key=f"{key}[{index}]", data=data)
        ]
        role = RoleDefinition(
            name=str(entry.get("Name")),
            description=str(entry.get("Description") or ""),
            is_custom=True,
            actions=patterns["Actions"],
            not_actions=patterns["NotActions"],
            data_actions=patterns["DataActions"],
            not_data_actions=patterns["NotDataActions"],
        )
        if not found:
            found += _check_effect(role)
        self.violations += [violation.under(place) for violation in found]
        self.roles += [] if found else [role]

    def _check_name(self, entry: Mapping[str, Any], place: str) -> list[Violation]:
        name = entry.get("Name")
        if not isinstance(name, str) or not name.strip():
            return []
        other = self._names.setdefault(name.lower(), f"the definition {place}")
        if other == f"the definition {place}":
            return []
        return [
            Violation(
                rule=NAME,
                key="Name",
                value=name,
                found=f"{other} has this name",
                allowed="a unique name, also among built-in roles and their aliases",
                fix="rename the role",
            )
        ]


def _check_format(entry: Mapping[str, Any]) -> list[Violation]:
    found = [_unknown_key(key, value) for key, value in entry.items() if key not in _KEYS]
    name = entry.get("Name")
    if not isinstance(name, str) or not name.strip():
        found.append(
            _shape("Name", name, "missing" if name is None else "it is not a string", "a name, e.g. 'Auditor'")
        )
    if "Description" in entry and not isinstance(entry["Description"], str):
        found.append(_shape("Description", entry["Description"], "it is not a string", "a string"))
    if entry.get("IsCustom", True) is not True:
        found.append(_shape("IsCustom", entry["IsCustom"], "roles in a file are custom roles", "true"))
    for key in _LISTS:
        value = entry.get(key, [])
        if not isinstance(value, list):
            found.append(_shape(key, value, "it is not a list", "a list of operations"))
            continue
        texts = enumerate(value)
        found += [
            _shape(f"{key}[{n}]", v, "it is not a string", "an operation") for n, v in texts if not isinstance(v, str)
        ]
    return found


def _check_pattern(pattern: str, *, key: str, data: bool) -> list[Violation]:
    if matching((pattern,), data=data):
        return []
    other = _OTHER_KIND[key.partition("[")[0]]
    known = [name for name, operation in OPERATIONS.items() if operation.data is data]
    near = difflib.get_close_matches(pattern.lower(), {name.lower(): name for name in known}, n=1, cutoff=0.6)
    proposal = next((name for name in known if near and name.lower() == near[0]), "")
    if matching((pattern,), data=not data):
        found, fix = f"in Azure it belongs to '{other}'", f"move it to '{other}'"
    else:
        found = "it matches no supported operation"
        fix = f"did you mean '{proposal}'? Change or remove it" if proposal else "remove it"
    allowed = "operations listed in docs/roles.md, with '*' for any characters"
    return [Violation(rule=OPERATION, key=key, value=pattern, found=found, allowed=allowed, fix=fix)]


def _check_effect(role: RoleDefinition) -> list[Violation]:
    """Violations that only the whole definition shows: it allows nothing, or splits permissions that go together."""
    if not role.operations:
        return [
            _shape(
                "Actions", None, "the role allows nothing", "at least one operation that 'NotActions' does not remove"
            )
        ]
    images = role.operations & _PUSH
    if IMAGES_PUSH not in images or images == _PUSH:
        return []
    return [
        Violation(
            rule=WHOLE_PUSH,
            key="Actions",
            value=IMAGES_PUSH,
            found=f"the role lacks {one_of(sorted(_PUSH - images))}, but push includes them here",
            allowed="pull alone, or pull, push and delete together",
            fix="add the missing operations, or remove push",
        )
    ]


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _unknown_key(key: object, value: object) -> Violation:
    near = difflib.get_close_matches(str(key).lower(), [name.lower() for name in _KEYS], n=1, cutoff=0.6)
    proposal = next((name for name in _KEYS if near and name.lower() == near[0]), "")
    fix = f"did you mean '{proposal}'? Rename or remove the key" if proposal else "remove the key"
    return _shape(str(key), value, "unknown key", one_of(_KEYS), fix)


def _shape(key: str, value: object, found: str, allowed: str, fix: str = "") -> Violation:
    shown = value if isinstance(value, str | int | float) else None
    return Violation(
        rule=FORMAT,
        key=key,
        value=shown,
        found=found,
        allowed=allowed,
        fix=fix or f"correct '{key}'",
        secret=is_secret_key(key) or (isinstance(value, str) and is_secret_value(value)),
    )


def _file_violation(path: str, found: str, key: str) -> Violation:
    return Violation(
        rule=FILE,
        key=key,
        value=path,
        found=found,
        allowed="a file next to the stack file, with role definitions in Azure's format",
        fix=f"create 'stacks/{path}', or remove the key",
    )
