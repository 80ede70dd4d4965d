"""Check resources, as a program registers them, against the rules assigned to their scope; does not import Pulumi.

The scope comes from a resource's id; without a valid id, only rules that apply everywhere are checked. The location of
its resource group is known, because the engine registers a group before the resources in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from infra.rules.policy.evaluation import ApplicableRule, Evaluator, of_effect
from infra.rules.policy.policy_assignments import Effect
from infra.rules.policy.rule import ResourceView, Rule
from infra.rules.resources.component_types import RESOURCE_GROUP
from infra.rules.resources.resource_ids import parse_resource_id
from infra.rules.violation import Violation
from policies.stack_keys import StackKeys

Scope = tuple[str, str]
"""Subscription and resource group."""


@dataclass(frozen=True, slots=True)
class RegisteredResources:
    """Checks the resources of one program, in the order of registration.

    Advice about a value that several resources inherit is reported once, with the first of them. A denial is reported
    for each resource, because each must be rejected.
    """

    evaluator: Evaluator
    written: StackKeys = field(default_factory=StackKeys)
    _groups: dict[Scope, ResourceView] = field(default_factory=dict)
    _told: dict[Scope, set[str]] = field(default_factory=dict)

    def messages(self, rule: Rule, effect: Effect, type_token: str, props: Mapping[str, object]) -> Iterator[str]:
        """Violations of ``rule`` where it is assigned with ``effect``, each naming its resource."""
        if type_token not in rule.applies_to:
            return
        resource, scope = self._see(type_token, props)
        applicable = self.evaluator.rules(resource, scope, only=rule)
        found = _found(applicable, effect, resource)
        if effect is Effect.AUDIT:
            refused = {violation.key for violation in _found(applicable, Effect.DENY, resource)}
            found = [violation for violation in found if violation.key not in refused]
        for violation in found:
            key, message = self.written.describe(resource, violation)
            if effect is not Effect.AUDIT or self._is_news(scope, f"{rule.id} {key}"):
                yield message

    def _see(self, type_token: str, props: Mapping[str, object]) -> tuple[ResourceView, Scope]:
        resource = ResourceView(type_token, props)
        scope = _scope(resource.resource_id)
        key = _key(scope)
        if type_token == RESOURCE_GROUP:
            self._groups[key] = resource
            return resource, scope
        return replace(resource, group=self._groups.get(key)), scope

    def _is_news(self, scope: Scope, finding: str) -> bool:
        told = self._told.setdefault(_key(scope), set())
        is_news = finding not in told
        told.add(finding)
        return is_news


def _found(applicable: list[ApplicableRule], effect: Effect, resource: ResourceView) -> list[Violation]:
    return [violation for rule in of_effect(applicable, effect) for violation in rule.check(resource)]


def _key(scope: Scope) -> Scope:
    return scope[0].lower(), scope[1].lower()


def _scope(resource_id: str) -> Scope:
    try:
        parsed = parse_resource_id(resource_id)
    except ValueError:
        return "", ""
    return parsed.subscription, parsed.resource_group
