"""Changes of a property that are refused, because Azure would replace the resource or does not allow them.

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
    "No change replaces a resource and loses its data unless the stack allows it.",
)


def _whole(value: object) -> object:
    return value


@dataclass(frozen=True, slots=True)
class Replaces:
    """A property that can't change in place.

    Attributes:
        why: What Azure does, for the message.
        view: What of the value counts; equal views are no change.
        upgrade: A change from one value to another that is made in place all the same.
        rule: Refuses the change.
        consequence: What follows, for the message.
        lost: What a replacement loses; a stack may allow that.
    """

    why: str
    view: Callable[[object], object] = _whole
    upgrade: tuple[object, object] | None = None
    rule: StackRule = REPLACEMENT
    consequence: str = ": the resource would be replaced and its data lost"
    lost: str = "its data"

    @property
    def effect(self) -> str:
        """What a change does, for the reference page."""
        return f"refused: {self.why}"

    def refuse(self, key: str, before: object, after: object) -> Violation | None:
        """The violation by a change of the property ``key``; None if it is allowed."""
        if self.view(before) == self.view(after) or (before, after) == self.upgrade:
            return None
        shown = quote(before)
        found = f"it was {shown}, and {self.why}{self.consequence}"
        return Violation(
            rule=self.rule, key=key, value=after, found=found, allowed=shown, fix=f"set it back to {shown}"
        )


@dataclass(frozen=True, slots=True)
class NeverOff:
    """A switch that can't be switched off again, also not by a replacement.

    Attributes:
        rule: Refuses the change.
        what: What is switched on, for the message.
    """

    lost: ClassVar[str] = ""

    rule: StackRule
    what: str

    @property
    def effect(self) -> str:
        """What a change does, for the reference page."""
        return "on in place; off is refused for good"

    def refuse(self, key: str, before: object, after: object) -> Violation | None:
        """The violation by a change of the property ``key``; None if it is allowed."""
        if before is not True or after is not False:
            return None
        found, fix = f"{self.what} is on, and it can never be switched off", f"set '{key}' back to true"
        return Violation(rule=self.rule, key=key, value=False, found=found, allowed="true", fix=fix)


Change = Replaces | NeverOff | None
"""What the change of a property does; None for a change in place."""
