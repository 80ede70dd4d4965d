"""A violation of a rule: the key, what was found, what is allowed, and how to fix it.

Owns the form of the message, so that the settings, the policy pack and reports show the same text. Violations are
collected and raised elsewhere (`infra.settings`, `policies.pack`). Messages never show a value that may be a secret;
they show :data:`HIDDEN` instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from infra.errors import MlWorkspaceError

MAX_QUOTED = 200
"""Long enough for a resource id, so that two ids can be distinguished."""

HIDDEN = "(hidden, it looks like a secret)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """A rule that one value breaks.

    Attributes:
        key: The property, `ml-workspace:storageAccount.sku` or relative to a resource (`sku`).
        value: The value; None if there is none.
        found: What is wrong with it.
        allowed: What is allowed.
        fix: How to fix it: an imperative sentence without a full stop.
        rule: Id of the rule, as in `docs/policies.md`; a declared rule sets its own.
        file: The file with the key, if known.
        secret: True if the value must not be shown.
        assigned: The assignment and its scope, for a rule that needs one.
        lost: What changing the value would lose, if a stack may allow that.
        resources: Names of the resources that would lose it.
    """

    key: str
    value: object
    found: str
    allowed: str
    fix: str
    rule: str = ""
    file: str = ""
    secret: bool = False
    assigned: str = ""
    lost: str = ""
    resources: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """How to fix it, and how to allow the loss of data."""
        if not self.lost:
            return self.fix
        names = ", ".join(f"'{name}'" for name in self.resources)
        return f"{self.fix}; if {self.lost} may be lost, add {names} to 'ml-workspace:allowReplacement'"

    @property
    def message(self) -> str:
        """The whole violation in one line."""
        key = _one_line(self.key)
        subject = key if self.value is None else f"{key} is {self.shown_value}"
        place = f" in {self.file}" if self.file else ""
        rule = f"{self.rule}, {self.assigned}" if self.assigned else self.rule
        return f"{subject}: {self.found}; allowed: {self.allowed}; to fix it{place}: {self.advice} [{rule}]"

    @property
    def shown_value(self) -> str:
        """The value, quoted, on one line; or a note that it is hidden."""
        return HIDDEN if self.secret else quote(self.value)

    def under(self, prefix: str) -> Violation:
        """The same violation with its key placed below ``prefix``."""
        return replace(self, key=join_key(prefix, self.key))

    def located(self, file: str) -> Violation:
        """The same violation with the file of the key."""
        return replace(self, file=file)


class ConfigurationError(MlWorkspaceError):
    """A stack's configuration breaks rules; nothing has been created.

    Attributes:
        violations: Everything that is wrong, in the order of the stack file's keys.
    """

    def __init__(self, violations: Sequence[Violation], *, stack: str) -> None:
        self.violations = tuple(violations)
        count = len(self.violations)
        title = f"stack '{stack}' is not valid: {count} violation{'s' if count != 1 else ''}, nothing was created"
        super().__init__("\n".join([title, *(f"  {n}. {v.message}" for n, v in enumerate(self.violations, 1))]))


def join_key(prefix: str, key: str) -> str:
    """Join ``prefix`` and ``key`` with a dot; an index, or a key after a namespace, is joined without one."""
    if not prefix or not key:
        return prefix or key
    return prefix + key if key.startswith("[") or prefix.endswith(":") else f"{prefix}.{key}"


def covers(known: str, key: str) -> bool:
    """True if ``key`` is ``known`` or below it."""
    return key == known or key.startswith((f"{known}.", f"{known}["))


def quote(value: object) -> str:
    """``value`` as in the stack file: strings quoted, on one line; long ones are shortened and show their length."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value)) if float(value).is_integer() else str(value)
    if not isinstance(value, str):
        value = str(value)
    text = _one_line(value)
    if len(text) > MAX_QUOTED:
        return f"'{text[:MAX_QUOTED]}…' ({len(value)} characters)"
    return f"'{text}'"


def _one_line(text: str) -> str:
    return "".join(ch if ch.isprintable() else ch.encode("unicode_escape").decode() for ch in text)


def one_of(values: Iterable[object]) -> str:
    """A list of allowed values, in the order given."""
    return ", ".join(str(value) for value in values)
