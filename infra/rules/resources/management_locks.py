"""Management locks of a resource group: their properties and the rules for them.

Sources: "Azure documentation: Management Locks - Create Or Update (REST)" for name, level and notes, "Azure
documentation: Lock resources" for what the levels do, "Azure documentation: Azure subscription limits" for the count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from infra.rules.policy.rule import StackRule
from infra.rules.resources.properties import REQUIRED, Property
from infra.rules.violation import Violation, one_of


class Level(StrEnum):
    """What a lock forbids in the management plane. Not a permission: a lock applies to all users."""

    CAN_NOT_DELETE = "CanNotDelete"
    READ_ONLY = "ReadOnly"
    """Forbids what `CanNotDelete` forbids, and every other change."""


MAX_LOCKS, MAX_NAME, MAX_NOTES = 20, 260, 512
_FORBIDDEN = re.compile(r"[<>%&:\\?/\x00-\x1f\x7f]")

LEVEL = StackRule(
    "lock-resource-group-require-level", "The level of a management lock is CanNotDelete or ReadOnly; case matters."
)
NAME = StackRule(
    "lock-resource-group-limit-name", "A management lock has a name that Azure accepts and that is unique in its group."
)
COUNT = StackRule("lock-resource-group-limit-count", "A resource group has at most 20 management locks.")
NOTES = StackRule("lock-resource-group-limit-notes", "The notes of a management lock are at most 512 characters long.")

_SOURCE = "Management locks (REST)"


class ManagementLockProperties:
    """One management lock."""

    name: Annotated[str, Property(doc="Name of the lock.", default=REQUIRED, source=_SOURCE)]
    level: Annotated[
        str,
        Property(
            doc="`CanNotDelete` forbids deletions in the group, `ReadOnly` also forbids changes.",
            default=REQUIRED,
            source=_SOURCE,
        ),
    ]
    notes: Annotated[
        str, Property(doc="Reason for the lock; shown when the lock blocks an operation.", default="", source=_SOURCE)
    ]


def check_management_locks(locks: Sequence[Mapping[str, str]], *, key: str) -> Iterator[Violation]:
    """Violations in the locks of a resource group.

    Args:
        locks: Properties of each lock, by Azure's names; without those that are not set.
        key: The key of the list.
    """
    if len(locks) > MAX_LOCKS:
        fix = f"remove {len(locks) - MAX_LOCKS} of them"
        yield Violation(
            rule=COUNT,
            key=key,
            value=None,
            found=f"there are {len(locks)} locks",
            allowed=f"at most {MAX_LOCKS}",
            fix=fix,
        )
    seen: set[str] = set()
    for index, lock in enumerate(locks):
        prefix, name = f"{key}[{index}]", lock.get("name")
        if name is not None:
            yield from _check_name(name, seen, f"{prefix}.name", proposal=f"lock-{index + 1}")
            seen.add(name.lower())
        yield from _check_level(lock.get("level"), f"{prefix}.level")
        if len(lock.get("notes", "")) > MAX_NOTES:
            yield Violation(
                rule=NOTES,
                key=f"{prefix}.notes",
                value=None,
                found=f"the notes have {len(lock['notes'])} characters",
                allowed=f"at most {MAX_NOTES} characters",
                fix=f"shorten '{prefix}.notes'",
            )


def _check_name(name: str, seen: set[str], key: str, *, proposal: str) -> Iterator[Violation]:
    wrong = sorted(set(_FORBIDDEN.findall(name)))
    found = ""
    if not name.strip():
        found = "the name is empty"
    elif len(name) > MAX_NAME:
        found = f"the name has {len(name)} characters"
    elif wrong:
        found = f"the name contains {', '.join(repr(character) for character in wrong)}"
    elif name.lower() in seen:
        found = "another lock of the group has this name"
    if found:
        yield Violation(
            rule=NAME,
            key=key,
            value=name,
            found=found,
            allowed=rf"1-{MAX_NAME} characters without < > % & : \ ? / and control characters, unique in the group "
            "(case does not matter)",
            fix=f"set '{key}' to e.g. '{proposal}'",
        )


def _check_level(level: str | None, key: str) -> Iterator[Violation]:
    if level is not None and level not in set(Level):
        near = next((known for known in Level if known.lower() == level.lower()), Level.CAN_NOT_DELETE)
        yield Violation(
            rule=LEVEL,
            key=key,
            value=level,
            found="unknown level of a management lock",
            allowed=one_of(Level),
            fix=f"set '{key}' to '{near}'",
        )
