"""Resources as a program registers them, judged by the rules that are assigned where they lie; no import of Pulumi's.

The scope is read from a resource's own id: one whose id says nothing is judged by what applies everywhere. The location
of its resource group is known from the engine, where a group is registered before what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from infra.rules.policy.evaluation import Evaluator
from infra.rules.policy.policy_assignments import Effect
from infra.rules.policy.rule import ResourceView, Rule
from infra.rules.resources.component_types import RESOURCE_GROUP
from infra.rules.resources.resource_ids import parse_resource_id
from infra.rules.violation import Violation

Scope = tuple[str, str]
"""Subscription and resource group."""


@dataclass(frozen=True, slots=True)
class RegisteredResources:
    """Judges the resources of one program, in the order in which they are registered."""

    evaluator: Evaluator
    _groups: dict[Scope, ResourceView] = field(default_factory=dict)

    def messages(self, rule: Rule, effect: Effect, type_token: str, props: Mapping[str, object]) -> Iterator[str]:
        """Violations of ``rule`` where it is assigned with ``effect``, each with the resource that it is about."""
        if type_token not in rule.applies_to:
            return
        resource, scope = self._see(type_token, props)
        for applicable in self.evaluator.rules(resource, scope, only=rule):
            if applicable.effect is effect:
                for violation in applicable.check(resource):
                    yield _describe(resource, violation.under(resource.component.section))

    def _see(self, type_token: str, props: Mapping[str, object]) -> tuple[ResourceView, Scope]:
        resource = ResourceView(type_token, props)
        scope = _scope(resource.resource_id)
        key = (scope[0].lower(), scope[1].lower())
        if type_token == RESOURCE_GROUP:
            self._groups[key] = resource
            return resource, scope
        return replace(resource, group=self._groups.get(key)), scope


def _scope(resource_id: str) -> Scope:
    try:
        parsed = parse_resource_id(resource_id)
    except ValueError:
        return "", ""
    return parsed.subscription, parsed.resource_group


def _describe(resource: ResourceView, violation: Violation) -> str:
    name = resource.props.get("name")
    called = f" '{name}'" if isinstance(name, str) else ""
    return f"{resource.component.kind}{called}: {violation.message}"
