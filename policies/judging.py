"""One resource against the rules that are assigned where it lies; no import of Pulumi's.

The scope is read from the resource's own id. A resource whose id says nothing is judged by what holds everywhere. Where
its resource group lies is known from the engine: a group is registered before what is in it.
"""

from __future__ import annotations

import datetime as dt
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

from infra.rules.policy.assignments_file import parse_assignments
from infra.rules.policy.organization_rules import GROUP_LOCATION
from infra.rules.policy.policy_assignments import AssignedRule, Assignments, Effect
from infra.rules.resources.component_types import COMPONENT_TYPES, RESOURCE_GROUP
from infra.rules.resources.resource_ids import parse_resource_id
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
    _group_locations: dict[str, object] = field(default_factory=dict)

    def violations(
        self, rule: Rule, effect: Effect, type_token: str, props: Mapping[str, object]
    ) -> Iterator[Violation]:
        """Violations of ``rule`` where it is assigned with ``effect``."""
        if type_token not in rule.applies_to:
            return
        section = COMPONENT_TYPES[type_token].section
        seen = self._beside_group(type_token, props) if rule.beside_group else props
        for assigned in self._assigned(rule, effect, props):
            for violation in rule.check(type_token, seen, assigned.parameters):
                yield assigned.attributed(violation.under(section))

    def _beside_group(self, type_token: str, props: Mapping[str, object]) -> Mapping[str, object]:
        group = "/".join(_scope(_identity(props))).lower()
        if type_token == RESOURCE_GROUP:
            self._group_locations[group] = props.get("location")
        if self._group_locations.get(group) is None:
            return props
        return ChainMap({GROUP_LOCATION: self._group_locations[group]}, cast("dict[str, object]", props))

    def _assigned(self, rule: Rule, effect: Effect, props: Mapping[str, object]) -> list[AssignedRule]:
        identity = _identity(props)
        return [
            assigned
            for assigned in self.assignments.effective(*_scope(identity))
            if assigned.rule == rule.id
            and assigned.effect is effect
            and not self.assignments.is_exempt(assigned, identity, self.today())
        ]


def _identity(props: Mapping[str, object]) -> str:
    identity = props.get("resourceId")
    return identity if isinstance(identity, str) else ""


def _scope(identity: str) -> tuple[str, str]:
    """Subscription and resource group of a resource; empty where its id says nothing."""
    try:
        parsed = parse_resource_id(identity)
    except ValueError:
        return "", ""
    return parsed.subscription, parsed.resource_group


def describe(type_token: str, props: Mapping[str, object], violation: Violation) -> str:
    """The violation with the resource that it is about."""
    name = props.get("name")
    called = f" '{name}'" if isinstance(name, str) else ""
    return f"{COMPONENT_TYPES[type_token].kind}{called}: {violation.message}"
