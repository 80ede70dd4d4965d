"""A guard against changes that would lose data, by replacing a resource or deleting one that others still use.

It stores the Azure properties of every resource and compares them with the wanted ones, in previews and updates. Every
object on the engine depends on it. If the state is a readable file, the settings have already made the same checks
before anything was registered; with any other backend, only this guard makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pulumi
from typing_extensions import override

from infra.clients.engine import soft_deletions
from infra.clients.state import removal, stack_states
from infra.resources.resource import CheckFailure, CheckResult, CreateResult, Props, Provider, Resource, UpdateResult
from infra.rules.resources.tracking import Services, check_removal
from infra.rules.stack.locked_changes import AcceptedStack, check_locked, is_read_only
from infra.rules.stack.stack_changes import Resources, check_changes


class ChangeGuardProvider(Provider):
    """Verbs of :class:`ChangeGuard`."""

    # `allowed` counts only for the change itself; removing it from the stack file later is not a change.
    inputs = ("resources", "services", "computes", "locks", "configuration", "soft_delete")

    @override
    def check(self, _olds: Props, news: Props) -> CheckResult:
        removal.allow(news["allowed"], guards=_guards(news))
        others = stack_states.deployed(project=news["project"], except_stack=news["stack"])
        before, wanted = AcceptedStack.of(_olds), AcceptedStack.of(news)
        violations = check_changes(before.resources, wanted.resources, allowed=news["allowed"], deployed=others)
        violations += check_removal(before.services, wanted.services, allowed=news["allowed"])
        violations += check_locked(before, wanted, allowed=news["allowed"], actions=removal.actions_asked_for())
        if not is_read_only(wanted.locks):
            news.pop("configuration", None)
        deleted = {one for one in (_olds.get("soft_delete"), news.get("soft_delete")) if one}
        refused = [*map(_refuse_deleted, sorted(deleted)), *(violation.message for violation in violations)]
        # No property name: the engine would print the property's whole value with the message.
        return CheckResult(news, [CheckFailure("", message) for message in refused if message])

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["stack"], props)

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        # Only what is wanted now: services and locks that are gone must not be remembered.
        return UpdateResult(_news)


def _guards(props: Props) -> list[str]:
    """Names of the guards that must allow the stack's deletion."""
    locks = [removal.lock_guard(lock["name"]) for lock in props.get("locks") or []]
    return [*locks, removal.SOFT_DELETION] if props.get("soft_delete") else locks


def _refuse_deleted(workspace_id: str) -> str:
    """The reason why a soft-deleted workspace can't be updated; empty if it is not soft-deleted."""
    found = soft_deletions.find_workspace(workspace_id)
    return f"updating stack '{found.stack}': {soft_deletions.refusal(found)}" if found else ""


class ChangeGuard(Resource, module="guards", provider=ChangeGuardProvider):
    """Rejects changes for which Azure would replace a resource.

    Args:
        name: Logical name.
        resources: Type token and Azure properties of each resource, by `resource_key`.
        allowed: Names of resources that may be replaced (`ml-workspace:allowReplacement`).
        declared: URNs of the components, so that the policies check them first.
        services: The optional services; see :data:`infra.rules.resources.tracking.Services`.
        computes: Names of the computes.
        locks: Properties of the management locks.
        configuration: Computes digests of the configuration, which are stored while a lock forbids changes.
        soft_delete: Id of the workspace if it is soft-deleted on deletion; otherwise empty.
        opts: Resource options.
    """

    def __init__(
        self,
        name: str,
        *,
        resources: Resources,
        allowed: Sequence[str],
        declared: Sequence[pulumi.Input[str]],
        services: Services | None = None,
        computes: Sequence[str] = (),
        locks: Sequence[Mapping[str, str]] = (),
        configuration: Callable[[], Mapping[str, str]] = dict,
        soft_delete: str = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        # If states are readable, the settings have already been compared with this stack's.
        compares = is_read_only(locks) or not stack_states.can_be_read()
        inputs: Props = {
            "stack": pulumi.get_stack(),
            "project": pulumi.get_project(),
            "resources": resources,
            "allowed": list(allowed),
            "declared": list(declared),
            **({"services": dict(services)} if services else {}),
            **({"computes": list(computes)} if computes else {}),
            **({"locks": [dict(lock) for lock in locks]} if locks else {}),
            **({"configuration": configuration()} if compares else {}),
            **({"soft_delete": soft_delete} if soft_delete else {}),
        }
        super().__init__(name, inputs, opts)
