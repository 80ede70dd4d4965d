"""A guard against changes that would lose data: of a resource that is replaced, or of one that others still use.

It keeps the Azure properties of every resource and compares them, in preview and in update, with the ones that are
wanted. Everything on the engine waits for it. Where the state can be read as a file, the settings have asked the same
before anything was registered; with any other backend this is the place.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from typing_extensions import override

from infra.clients.state import removal, stack_states
from infra.resources.resource import CheckFailure, CheckResult, CreateResult, Props, Provider, Resource
from infra.rules.stack.stack_changes import Resources, check_changes


class ChangeGuardProvider(Provider):
    """Verbs of :class:`ChangeGuard`."""

    # What is allowed is asked once, at the change itself; taking it out of the stack file afterwards is no change.
    inputs = ("resources",)

    @override
    def check(self, _olds: Props, news: Props) -> CheckResult:
        removal.allow(news["allowed"])
        others = stack_states.deployed(project=news["project"], except_stack=news["stack"])
        before = _olds.get("resources") or {}
        violations = check_changes(before, news["resources"], allowed=news["allowed"], deployed=others)
        # Without a property's name: the engine would print the whole property beside the message.
        return CheckResult(news, [CheckFailure("", violation.message) for violation in violations])

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["stack"], props)


class ChangeGuard(Resource, module="guards", provider=ChangeGuardProvider):
    """Refuses a change that Azure would make by replacing a resource.

    Args:
        name: Logical name.
        resources: Type token and Azure properties of each resource, by `resource_key`.
        allowed: Names of resources that may be replaced (`ml-workspace:allowReplacement`).
        declared: URNs of the components, which the policies judge first.
        opts: Resource options.
    """

    def __init__(
        self,
        name: str,
        *,
        resources: Resources,
        allowed: Sequence[str],
        declared: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "stack": pulumi.get_stack(),
            "project": pulumi.get_project(),
            "resources": resources,
            "allowed": list(allowed),
            "declared": list(declared),
        }
        super().__init__(name, inputs, opts)
