"""A guard against changes that would lose data: of a resource that is replaced, or of one that others still use.

It keeps the Azure properties of every resource and compares them, in preview and in update, with the ones that are
wanted. Everything waits for it, so its refusal comes before anything is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, Resource

from infra.resources.base import Props, Provider
from infra.resources.usage_guard import list_uses
from infra.rules.changes import check_change


class _ChangeGuardProvider(Provider):
    inputs = ("resources", "allowed")

    def check(self, _olds: Props, news: Props) -> CheckResult:
        before = _olds.get("resources") or {}
        # Without a property's name: the engine would print the whole property beside the message.
        return CheckResult(
            news, [CheckFailure("", said) for said in (*_replaced(before, news), *_given_up(before, news))]
        )

    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["stack"], props)


def _replaced(before: Props, news: Props) -> Iterator[str]:
    for key, wanted in news["resources"].items():
        if key in before:
            old = before[key]["properties"]
            for violation in check_change(wanted["type"], old, wanted["properties"], allowed=news["allowed"]):
                yield violation.message


def _given_up(before: Props, news: Props) -> Iterator[str]:
    """Resources that others use; also where the stack allows the replacement, since not all data is its own."""
    kept = {_resource_id(resource).casefold() for resource in news["resources"].values()}
    gone = [found for resource in before.values() if (found := _resource_id(resource)).casefold() not in kept]
    if gone and (used := list_uses(gone, stack=news["stack"], project=news["project"])):
        yield (
            f"updating stack '{news['stack']}': it would delete what other workspaces use: {used}. "
            "Nothing was changed. Put it back into the stack file, or delete those stacks first."
        )


def _resource_id(resource: Props) -> str:
    return str(resource["properties"].get("resourceId", ""))


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
            "project": pulumi.get_project(),
            "resources": {key: {"type": type_, "properties": p} for key, (type_, p) in resources.items()},
            "allowed": list(allowed),
            "declared": list(declared),
        }
        super().__init__(_ChangeGuardProvider(), name, props, opts)
