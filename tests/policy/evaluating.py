"""Evaluates a rule on given properties, wrapped as the engine wraps them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from infra.rules.policy.catalogue import RULES
from infra.rules.policy.evaluation import Evaluator
from infra.rules.policy.policy_assignments import AssignedRule, Assignments, Effect, Exemption, Level, Scope
from infra.rules.policy.rule import Rule
from infra.rules.resources.component_types import RESOURCE_GROUP
from policies.registered_resources import RegisteredResources

TODAY = dt.date(2027, 1, 1)


def assigned(
    rule: str,
    *,
    effect: Effect = Effect.DENY,
    parameters: Mapping[str, object] | None = None,
    exemptions: Iterable[Exemption] = (),
) -> Assignments:
    """One rule, assigned at the root."""
    row = AssignedRule(
        rule=rule,
        effect=effect,
        parameters={**RULES[rule].parameters, **(parameters or {})},
        assignment="test",
        scope="management group 'root'",
    )
    root = Scope(level=Level.MANAGEMENT_GROUP, pattern="root", root=True, tags={}, rules=(row,), children=())
    return Assignments((root,), tuple(exemptions))


def evaluate(
    rule: Rule,
    type_token: str,
    props: Mapping[str, object],
    *,
    assignments: Assignments,
    effect: Effect = Effect.DENY,
    unknown: Iterable[str] = (),
    group: Mapping[str, object] | None = None,
) -> list[str]:
    """The messages of ``rule`` on a resource of a group; reading a property of ``unknown`` raises as in a preview."""
    values: dict[str, Any] = {**props, **dict.fromkeys(unknown, UNKNOWN_STRING_VALUE)}
    resources = registered(assignments)
    if group:
        assert not list(resources.messages(rule, effect, RESOURCE_GROUP, group))
    return list(resources.messages(rule, effect, type_token, unknown_checking_proxy(values)))


def registered(assignments: Assignments) -> RegisteredResources:
    """Resources of a program on the tests' fixed day."""
    return RegisteredResources(Evaluator(assignments, today=lambda: TODAY))
