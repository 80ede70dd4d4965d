"""The adapter to CrossGuard: one Pulumi policy for each assigned pair of rule and effect.

Only this module imports `pulumi_policy`. A deny becomes a mandatory policy, an audit an advisory one.
If a value is unknown in a preview, the SDK says so and checks again in the update, before the resource is created: the
update rejects violations that the preview could not see.

The SDK decodes a resource again for each policy, even if no rule applies to its type, which took a fifth of a second
per update. The pack's own analyzer skips such resources.
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
    """Runs the policies only for types that a rule applies to; no policy checks a whole stack."""

    def Analyze(self, request: proto.AnalyzeRequest, context: object) -> proto.AnalyzeResponse:
        """Check a resource; the protocol defines the name."""
        if request.type not in _JUDGED_TYPES:
            return proto.AnalyzeResponse()
        response: proto.AnalyzeResponse = super().Analyze(request, context)  # type: ignore[no-untyped-call]
        return response

    def ConfigureStack(
        self, request: proto.AnalyzerStackConfigureRequest, context: object
    ) -> proto.AnalyzerStackConfigureResponse:
        """Read the stack's configuration, to report violations at its keys; the protocol defines the name."""
        _KEYS.read(request.config, stack=request.stack)
        response: proto.AnalyzerStackConfigureResponse = super().ConfigureStack(request, context)
        return response

    def Remediate(self, request: proto.AnalyzeRequest, context: object) -> proto.RemediateResponse:
        """Remediate a resource, if a policy's configuration enables it; the protocol defines the name."""
        if request.type not in _JUDGED_TYPES:
            return proto.RemediateResponse()
        response: proto.RemediateResponse = super().Remediate(request, context)  # type: ignore[no-untyped-call]
        return response


_KEYS = StackKeys()
"""Keys of the stack that the engine has started this process for."""

_JUDGED_TYPES = frozenset(token for rule in RULES.values() for token in rule.applies_to)


def serve() -> None:
    """Serve the pack to the engine; ends with the process."""
    try:
        assigned = policies()
    except MlWorkspaceError as exc:
        pulumi.log.error(str(exc))
        sys.exit(1)
    # The SDK has no other hook: `PolicyPack` creates its server from the class with this name.
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
