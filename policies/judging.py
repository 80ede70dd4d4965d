"""One resource against the rules that are assigned where it lies; no import of Pulumi's.

The scope is read from the resource's own id. A resource whose id says nothing is judged by what holds everywhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra.rules.assignments import AssignedRule, Assignments, Effect
from infra.rules.assignments_text import parse_assignments
from infra.rules.ids import parse_resource_id
from infra.rules.resources import COMPONENT_TYPES
from infra.rules.violation import Violation
from policies.rule import Rule

ASSIGNMENTS_FILE = Path(__file__).parent / "assignments.yaml"


@cache
def current_assignments() -> Assignments:
    """The assignments of this checkout."""
    return parse_assignments(ASSIGNMENTS_FILE.read_text(encoding="utf-8"), file="policies/assignments.yaml")


def _today() -> dt.date:
    return dt.datetime.now(tz=dt.UTC).date()


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges resources by the assignments that hold for them."""

    assignments: Assignments
    today: Callable[[], dt.date] = _today

    def violations(
        self, rule: Rule, effect: Effect, type_token: str, props: Mapping[str, object]
    ) -> Iterator[Violation]:
        """Violations of ``rule`` where it is assigned with ``effect``."""
        if type_token not in rule.applies_to:
            return
        section = COMPONENT_TYPES[type_token].section
        for assigned in self._assigned(rule, effect, props):
            for violation in rule.check(type_token, props, assigned.parameters):
                yield assigned.attributed(violation.under(section))

    def _assigned(self, rule: Rule, effect: Effect, props: Mapping[str, object]) -> list[AssignedRule]:
        identity = props.get("resourceId")
        text = identity if isinstance(identity, str) else ""
        try:
            parsed = parse_resource_id(text)
        except ValueError:
            subscription = resource_group = ""
        else:
            subscription, resource_group = parsed.subscription, parsed.resource_group
        return [
            assigned
            for assigned in self.assignments.effective(subscription, resource_group)
            if assigned.rule == rule.id
            and assigned.effect is effect
            and not self.assignments.is_exempt(assigned, text, self.today())
        ]


def describe(type_token: str, props: Mapping[str, object], violation: Violation) -> str:
    """The violation with the resource that it is about."""
    name = props.get("name")
    called = f" '{name}'" if isinstance(name, str) else ""
    return f"{COMPONENT_TYPES[type_token].kind}{called}: {violation.message}"
