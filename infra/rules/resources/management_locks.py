"""Management locks of a resource group: their properties, and what a stack file may say of them.

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
    """What a lock forbids in the management plane. Not who may do what: a lock holds for everybody."""

    CAN_NOT_DELETE = "CanNotDelete"
    READ_ONLY = "ReadOnly"
    """Forbids what `CanNotDelete` does, and every change."""


MAX_LOCKS, MAX_NAME, MAX_NOTES = 20, 260, 512
_FORBIDDEN = re.compile(r"[<>%&:\\?/\x00-\x1f\x7f]")

LEVEL = StackRule(
    "lock-resource-group-require-level", "A management lock has a level: CanNotDelete or ReadOnly, written so."
)
NAME = StackRule(
    "lock-resource-group-limit-name", "A management lock has a name that Azure accepts, once in its group."
)
COUNT = StackRule("lock-resource-group-limit-count", "A resource group has at most 20 management locks.")
NOTES = StackRule("lock-resource-group-limit-notes", "The notes of a management lock have at most 512 characters.")

_SOURCE = "Management locks (REST)"


class ManagementLockProperties:
    """One management lock."""

    name: Annotated[str, Property(doc="Name of the lock.", default=REQUIRED, source=_SOURCE)]
    level: Annotated[
        str,
        Property(
            doc="`CanNotDelete`: nothing of the group is deleted. `ReadOnly`: and nothing of it is changed.",
            default=REQUIRED,
            source=_SOURCE,
        ),
    ]
    notes: Annotated[str, Property(doc="Why it is there; shown when it refuses something.", default="", source=_SOURCE)]


def check_management_locks(locks: Sequence[Mapping[str, str]], *, key: str) -> Iterator[Violation]:
    """Violations by the locks of a resource group.

    Args:
        locks: Properties of each, by Azure's name; those that are not given are left out.
        key: The key that the list stands at.
    """
    if len(locks) > MAX_LOCKS:
        fix = f"remove {len(locks) - MAX_LOCKS} of them"
        yield Violation(
            rule=COUNT, key=key, value=None, found=f"{len(locks)} locks", allowed=f"at most {MAX_LOCKS}", fix=fix
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
                found=f"{len(lock['notes'])} characters",
                allowed=f"at most {MAX_NOTES}",
                fix=f"shorten '{prefix}.notes'",
            )


def _check_name(name: str, seen: set[str], key: str, *, proposal: str) -> Iterator[Violation]:
    wrong = sorted(set(_FORBIDDEN.findall(name)))
    found = ""
    if not name.strip():
        found = "the name is empty"
    elif len(name) > MAX_NAME:
        found = f"{len(name)} characters"
    elif wrong:
        found = f"it contains {', '.join(repr(character) for character in wrong)}"
    elif name.lower() in seen:
        found = "another lock of the group has this name"
    if found:
        yield Violation(
            rule=NAME,
            key=key,
            value=name,
            found=found,
            allowed=rf"1-{MAX_NAME} characters without < > % & : \ ? / and control characters, once in the group "
            "whatever its case",
            fix=f"set '{key}' to e.g. '{proposal}'",
        )


def _check_level(level: str | None, key: str) -> Iterator[Violation]:
    if level is not None and level not in set(Level):
        near = next((known for known in Level if known.lower() == level.lower()), Level.CAN_NOT_DELETE)
        yield Violation(
            rule=LEVEL,
            key=key,
            value=level,
            found="no such level of a management lock",
            allowed=one_of(Level),
            fix=f"set '{key}' to '{near}'",
        )
