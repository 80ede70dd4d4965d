"""The adapter to CrossGuard: one Pulumi policy for every rule and effect that is assigned anywhere.

Only here is `pulumi_policy` imported. A deny becomes a mandatory policy, an audit an advisory one.
A value that is not known in preview makes the SDK report so and judge again in the update, before that resource's
creation: what a preview cannot see, an update still refuses.

The SDK reads a resource anew for each policy, also where no rule is about its type; with every update that was a fifth
of a second. The pack's own analyzer answers for such a resource without reading it.
"""

from __future__ import annotations

import sys
from functools import cache

import pulumi
from pulumi.runtime import proto
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    policy,
)

from infra.errors import MlWorkspaceError
from infra.rules.policy.policy_assignments import Assignments, Effect, Scope
from policies.catalogue import all_rules
from policies.judging import Judge, current_assignments, describe
from policies.rule import Rule

NAME = "ml-workspace"
_LEVELS = {Effect.DENY: EnforcementLevel.MANDATORY, Effect.AUDIT: EnforcementLevel.ADVISORY}


class Analyzer(policy._PolicyAnalyzerServicer):
    """Asks the policies only about the types that a rule is about; none of them judges a stack as a whole."""

    def Analyze(self, request: proto.AnalyzeRequest, context: object) -> proto.AnalyzeResponse:
        """Judge a resource; the name is the protocol's."""
        if request.type not in _judged_types():
            return proto.AnalyzeResponse()
        response: proto.AnalyzeResponse = super().Analyze(request, context)  # type: ignore[no-untyped-call]
        return response

    def Remediate(self, request: proto.AnalyzeRequest, context: object) -> proto.RemediateResponse:
        """Mend a resource, which only a policy's configuration could ask for; the name is the protocol's."""
        if request.type not in _judged_types():
            return proto.RemediateResponse()
        response: proto.RemediateResponse = super().Remediate(request, context)  # type: ignore[no-untyped-call]
        return response


@cache
def _judged_types() -> frozenset[str]:
    return frozenset(token for rule in all_rules().values() for token in rule.applies_to)


def serve() -> None:
    """Serve the pack to the engine; ends with the process."""
    try:
        assigned = policies()
    except MlWorkspaceError as exc:
        pulumi.log.error(str(exc))
        sys.exit(1)
    # The SDK has no other way in: `PolicyPack` makes its server from the class of this name.
    policy._PolicyAnalyzerServicer = Analyzer  # type: ignore[misc]
    policy.PolicyPack(name=NAME, policies=assigned)


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
