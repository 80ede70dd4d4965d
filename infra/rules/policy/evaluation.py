"""Which rules apply to a resource and what they say: the one evaluator of settings, policy pack and `mlw policy`.

Resolved as in Azure: an assignment applies to its scope and everything below it, a rule only to the types that it
judges, an exemption until its last day. Each caller says what a resource is and where it lies; nothing else differs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from infra.rules.policy.catalogue import RULES
from infra.rules.policy.policy_assignments import AssignedRule, Assignments, Effect, Exemption
from infra.rules.policy.rule import Parameters, ResourceView, Rule
from infra.rules.violation import Violation


@dataclass(frozen=True, slots=True)
class ApplicableRule:
    """A rule that applies to a resource.

    Attributes:
        assigned: How and where it is assigned.
        exemption: What exempts the resource from it today; None without one.
    """

    rule: Rule
    assigned: AssignedRule
    exemption: Exemption | None

    @property
    def effect(self) -> Effect:
        """What it does; nothing while the resource is exempt."""
        return Effect.DISABLED if self.exemption else self.assigned.effect

    @property
    def parameters(self) -> Parameters:
        """Its parameters as assigned."""
        return self.assigned.parameters

    def check(self, resource: ResourceView) -> Iterator[Violation]:
        """Violations by ``resource``, saying which assignment forbids them."""
        for violation in self.rule.check(resource, self.parameters):
            yield self.assigned.attributed(violation)


def of_effect(rules: Iterable[ApplicableRule], effect: Effect) -> list[ApplicableRule]:
    """Those of a resource's rules that have an effect; an exempt resource is not advised by another assignment."""
    known = list(rules)
    exempt = {rule.rule.id for rule in known if rule.exemption} if effect is Effect.AUDIT else set()
    return [rule for rule in known if rule.effect is effect and rule.rule.id not in exempt]


def today() -> dt.date:
    """The day on which exemptions are judged."""
    return dt.datetime.now(tz=dt.UTC).date()


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Applies assignments to resources."""

    assignments: Assignments
    today: Callable[[], dt.date] = today

    def rules(
        self, resource: ResourceView, scope: tuple[str, str], *, only: Rule | None = None
    ) -> list[ApplicableRule]:
        """The rules that apply to ``resource``, those of outer scopes first.

        Args:
            resource: The resource.
            scope: Subscription and resource group; empty where they are unknown, for what applies everywhere.
            only: The one rule that is asked for.
        """
        day = self.today()
        return [
            ApplicableRule(RULES[assigned.rule], assigned, self._exemption(assigned, resource.resource_id, day))
            for assigned in self.assignments.effective(*scope)
            if resource.type_token in RULES[assigned.rule].applies_to and (only is None or assigned.rule == only.id)
        ]

    def _exemption(self, assigned: AssignedRule, resource_id: str, day: dt.date) -> Exemption | None:
        exemptions = self.assignments.exemptions
        return next((exemption for exemption in exemptions if exemption.covers(assigned, resource_id, day)), None)
