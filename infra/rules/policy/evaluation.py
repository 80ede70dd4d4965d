"""Evaluate the rules that apply to a resource; shared by the settings, the policy pack and `mlw policy`.

As in Azure, an assignment applies to its scope and everything below it, a rule to its resource types, and an exemption
until its expiry date. Callers only provide the resource and its scope.
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
        assigned: The rule as assigned.
        exemption: The exemption that covers the resource today; None without one.
    """

    rule: Rule
    assigned: AssignedRule
    exemption: Exemption | None

    @property
    def effect(self) -> Effect:
        """Effect of the rule; disabled while the resource is exempt."""
        return Effect.DISABLED if self.exemption else self.assigned.effect

    @property
    def parameters(self) -> Parameters:
        """Its parameters as assigned."""
        return self.assigned.parameters

    def check(self, resource: ResourceView) -> Iterator[Violation]:
        """Violations of ``resource``, attributed to the assignment."""
        for violation in self.rule.check(resource, self.parameters):
            yield self.assigned.attributed(violation)


def of_effect(rules: Iterable[ApplicableRule], effect: Effect) -> list[ApplicableRule]:
    """The rules with the given effect; an exemption also suppresses audits of the same rule by other assignments."""
    known = list(rules)
    exempt = {rule.rule.id for rule in known if rule.exemption} if effect is Effect.AUDIT else set()
    return [rule for rule in known if rule.effect is effect and rule.rule.id not in exempt]


def today() -> dt.date:
    """The date that exemptions are compared with."""
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
            scope: Subscription and resource group; if they are empty (unknown), only rules that apply everywhere.
            only: Return this rule only.
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
