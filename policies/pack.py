"""The adapter to CrossGuard: one Pulumi policy for every rule and effect that is assigned anywhere.

Only here is `pulumi_policy` imported. A deny becomes a mandatory policy, an audit an advisory one.
A value that is not known in preview makes the SDK report so and judge again in the update, before that resource's
creation: what a preview cannot see, an update still refuses.

The SDK reads a resource anew for each policy, also where no rule is about its type; with every update that was a fifth
of a second. The pack's own analyzer responds for such a resource without reading it.
"""

from __future__ import annotations

import sys

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
from infra.rules.policy.assignments_file import read_assignments
from infra.rules.policy.catalogue import RULES
from infra.rules.policy.evaluation import Evaluator
from infra.rules.policy.policy_assignments import Effect
from infra.rules.policy.rule import Rule
from policies.registered_resources import RegisteredResources
from policies.stack_keys import StackKeys

NAME = "ml-workspace"
_LEVELS = {Effect.DENY: EnforcementLevel.MANDATORY, Effect.AUDIT: EnforcementLevel.ADVISORY}


class Analyzer(policy._PolicyAnalyzerServicer):
    """Asks the policies only about the types that a rule is about; none of them judges a stack as a whole."""

    def Analyze(self, request: proto.AnalyzeRequest, context: object) -> proto.AnalyzeResponse:
        """Judge a resource; the name is the protocol's."""
        if request.type not in _JUDGED_TYPES:
            return proto.AnalyzeResponse()
        response: proto.AnalyzeResponse = super().Analyze(request, context)  # type: ignore[no-untyped-call]
        return response

    def ConfigureStack(
        self, request: proto.AnalyzerStackConfigureRequest, context: object
    ) -> proto.AnalyzerStackConfigureResponse:
        """Take over the stack's configuration, which says where a finding is written; the name is the protocol's."""
        _KEYS.read(request.config, stack=request.stack)
        response: proto.AnalyzerStackConfigureResponse = super().ConfigureStack(request, context)
        return response

    def Remediate(self, request: proto.AnalyzeRequest, context: object) -> proto.RemediateResponse:
        """Mend a resource, which only a policy's configuration could ask for; the name is the protocol's."""
        if request.type not in _JUDGED_TYPES:
            return proto.RemediateResponse()
        response: proto.RemediateResponse = super().Remediate(request, context)  # type: ignore[no-untyped-call]
        return response


_KEYS = StackKeys()
"""Of the stack that the engine has started this process for."""

_JUDGED_TYPES = frozenset(token for rule in RULES.values() for token in rule.applies_to)


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
    assignments = read_assignments()
    resources = RegisteredResources(Evaluator(assignments), _KEYS)
    return [_policy(RULES[rule], effect, resources) for rule, effect in assignments.pairs() if effect in _LEVELS]


def _policy(rule: Rule, effect: Effect, resources: RegisteredResources) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for message in resources.messages(rule, effect, args.resource_type, args.props):
            report(message, None)

    return ResourceValidationPolicy(
        name=rule.id if effect is Effect.DENY else f"{rule.id}.{effect}",
        description=rule.summary,
        enforcement_level=_LEVELS[effect],
        validate=validate,
    )
