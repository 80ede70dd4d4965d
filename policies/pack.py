"""The adapter to CrossGuard: one Pulumi policy for every rule and effect that is assigned anywhere.

Only here and in `__main__` is `pulumi_policy` imported. A deny becomes a mandatory policy, an audit an advisory one.
A value that is not known in preview makes the SDK report so and judge again in the update, before that resource's
creation: what a preview cannot see, an update still refuses.
"""

from __future__ import annotations

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

from infra.rules.assignments import Assignments, Effect, Scope
from policies.catalogue import all_rules
from policies.judging import Judge, current_assignments, describe
from policies.rule import Rule

NAME = "ml-workspace"
_LEVELS = {Effect.DENY: EnforcementLevel.MANDATORY, Effect.AUDIT: EnforcementLevel.ADVISORY}


def policies() -> list[Policy]:
    """The policies of this checkout's assignments."""
    assignments = current_assignments()
    judge = Judge(assignments)
    rules = all_rules()
    return [_policy(rules[rule], effect, judge) for rule, effect in _assigned(assignments) if effect in _LEVELS]


def _assigned(assignments: Assignments) -> list[tuple[str, Effect]]:
    """Every pair of rule and effect, once."""
    pairs: dict[tuple[str, Effect], None] = {}
    pending: list[Scope] = list(assignments.roots)
    while pending:
        scope = pending.pop()
        pairs.update(dict.fromkeys((rule.rule, rule.effect) for rule in scope.rules))
        pending += scope.children
    return sorted(pairs)


def _policy(rule: Rule, effect: Effect, judge: Judge) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for violation in judge.violations(rule, effect, args.resource_type, args.props):
            report(describe(args.resource_type, args.props, violation), None)

    return ResourceValidationPolicy(
        name=rule.id if effect is Effect.DENY else f"{rule.id}.{effect}",
        description=rule.summary,
        enforcement_level=_LEVELS[effect],
        validate=validate,
    )
