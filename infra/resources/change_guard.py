"""A guard against changes that would replace a resource and lose its data.

It keeps the Azure properties of every resource and compares them, in preview and in update, with the ones that are
wanted. Everything waits for it, so its refusal comes before anything is touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, Resource

from infra.resources.base import Props, Provider
from infra.rules.changes import check_change


class _ChangeGuardProvider(Provider):
    inputs = ("resources", "allowed")

    def check(self, _olds: Props, news: Props) -> CheckResult:
        before = _olds.get("resources") or {}
        failures = [
            # Without a property's name: the engine would print the whole property beside the message.
            CheckFailure("", violation.message)
            for key, wanted in news["resources"].items()
            if key in before
            for violation in check_change(
                wanted["type"], before[key]["properties"], wanted["properties"], allowed=news["allowed"]
            )
        ]
        return CheckResult(news, failures)

    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["stack"], props)


class ChangeGuard(Resource, module="ml-workspace", name="ChangeGuard"):
    """Refuses a change that Azure would make by replacing a resource.

    Args:
        name: Logical name.
        resources: Type token and Azure properties of each resource, by a key that its name is no part of: a renamed
            resource is a replaced one.
        allowed: Names of resources that may be replaced (`ml-workspace:allowReplacement`).
        declared: URNs of the components, which the policies judge first.
        opts: Resource options.
    """

    def __init__(
        self,
        name: str,
        *,
        resources: Mapping[str, tuple[str, Mapping[str, Any]]],
        allowed: Sequence[str],
        declared: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "stack": pulumi.get_stack(),
            "resources": {key: {"type": type_, "properties": p} for key, (type_, p) in resources.items()},
            "allowed": list(allowed),
            "declared": list(declared),
        }
        super().__init__(_ChangeGuardProvider(), name, props, opts)
