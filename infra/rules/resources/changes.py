"""Rejected changes of properties: Azure would replace the resource, or does not allow the change.

Sources: T4 and S1 (storage), T5 (key vault), T7 (registry), T8 (insights), section 3.5 (workspace).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation, quote

REPLACEMENT = StackRule(
    "change-resource-forbid-replacement",
    "No change replaces a resource and deletes its data, unless the stack allows it.",
)


def _whole(value: object) -> object:
    return value


@dataclass(frozen=True, slots=True)
class Replaces:
    """A property that can't be changed in place.

    Attributes:
        why: The reason, for the message.
        view: Maps a value to what is compared; equal views mean no change.
        upgrade: The old and new value of a change that is made in place all the same.
        rule: The rule that rejects the change.
        consequence: The consequence, for the message.
        lost: What a replacement would lose; a stack may allow that.
    """

    why: str
    view: Callable[[object], object] = _whole
    upgrade: tuple[object, object] | None = None
    rule: StackRule = REPLACEMENT
    consequence: str = ": the resource would be replaced and its data lost"
    lost: str = "its data"

    @property
    def effect(self) -> str:
        """Effect of a change, for the reference page."""
        return f"rejected: {self.why}"

    def refuse(self, key: str, before: object, after: object) -> Violation | None:
        """The violation for a change of the property ``key``; None if the change is allowed."""
        if self.view(before) == self.view(after) or (before, after) == self.upgrade:
            return None
        shown = quote(before)
        found = f"it was {shown}, and {self.why}{self.consequence}"
        return Violation(
            rule=self.rule, key=key, value=after, found=found, allowed=shown, fix=f"set it back to {shown}"
        )


@dataclass(frozen=True, slots=True)
class NeverOff:
    """A property that, once enabled, can never be disabled, not even by a replacement.

    Attributes:
        rule: The rule that rejects the change.
        what: The name of the feature, for the message.
    """

    lost: ClassVar[str] = ""

    rule: StackRule
    what: str

    @property
    def effect(self) -> str:
        """Effect of a change, for the reference page."""
        return "enabled in place; disabling is always rejected"

    def refuse(self, key: str, before: object, after: object) -> Violation | None:
        """The violation for a change of the property ``key``; None if the change is allowed."""
        if before is not True or after is not False:
            return None
        found, fix = f"{self.what} is on and can never be switched off", f"set '{key}' back to true"
        return Violation(rule=self.rule, key=key, value=False, found=found, allowed="true", fix=fix)


Change = Replaces | NeverOff | None
"""Effect of a change of a property; None for a change in place."""
