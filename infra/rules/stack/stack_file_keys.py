"""Keys of a stack file: known, with a value of the right type where something can't do without one."""

from __future__ import annotations

from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation

KNOWN = StackRule(
    "settings-key-require-known", "The stack file has no key that is not known; a misspelt one would do nothing."
)
VALUE = StackRule("settings-key-require-value", "A key that something can't do without has a value.")
TYPE = StackRule(
    "settings-value-require-type", "Every value has the type that its key needs; a number meant as text is quoted."
)


def missing_value(key: str, found: str, example: str) -> Violation:
    """The violation by a key without a value; ``found`` says what needs it."""
    return Violation(
        rule=VALUE, key=key, value=None, found=f"it is missing: {found}", allowed=example, fix=f"set '{key}'"
    )
