"""A rule against made-up properties, wrapped as the engine wraps them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from infra.rules.policy.policy_assignments import AssignedRule, Assignments, Effect, Exemption, Level, Scope
from infra.rules.policy.resource_rules import RULE_PARAMETERS
from policies.judging import Judge, describe
from policies.rule import Rule

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
        parameters={**RULE_PARAMETERS[rule], **(parameters or {})},
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
) -> list[str]:
    """The messages of ``rule`` on a resource; reading a property of ``unknown`` raises as in a preview."""
    values: dict[str, Any] = {**props, **dict.fromkeys(unknown, UNKNOWN_STRING_VALUE)}
    wrapped = unknown_checking_proxy(values)
    violations = Judge(assignments, today=lambda: TODAY).violations(rule, effect, type_token, wrapped)
    return [describe(type_token, wrapped, violation) for violation in violations]
