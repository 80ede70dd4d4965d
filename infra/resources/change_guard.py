"""A guard against changes that would lose data: of a resource that is replaced, or of one that others still use.

It keeps the Azure properties of every resource and compares them, in preview and in update, with the ones that are
wanted. Everything on the engine waits for it. Where the state can be read as a file, the settings have asked the same
before anything was registered; with any other backend this is the place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pulumi
from typing_extensions import override

from infra.clients.engine import soft_deletions
from infra.clients.state import removal, stack_states
from infra.resources.resource import CheckFailure, CheckResult, CreateResult, Props, Provider, Resource
from infra.rules.stack.locked_changes import AcceptedStack, check_locked, is_read_only
from infra.rules.stack.stack_changes import Resources, check_changes


class ChangeGuardProvider(Provider):
    """Verbs of :class:`ChangeGuard`."""

    # What is allowed is asked once, at the change itself; taking it out of the stack file afterwards is no change.
    inputs = ("resources", "locks", "configuration", "soft_delete")

    @override
    def check(self, _olds: Props, news: Props) -> CheckResult:
        removal.allow(news["allowed"], guards=_guards(news))
        others = stack_states.deployed(project=news["project"], except_stack=news["stack"])
        before, wanted = AcceptedStack.of(_olds), AcceptedStack.of(news)
        violations = check_changes(before.resources, wanted.resources, allowed=news["allowed"], deployed=others)
        violations += check_locked(before, wanted, allowed=news["allowed"], actions=removal.actions_asked_for())
        if not is_read_only(wanted.locks):
            news.pop("configuration", None)
        deleted = {one for one in (_olds.get("soft_delete"), news.get("soft_delete")) if one}
        refused = [*map(_refuse_deleted, sorted(deleted)), *(violation.message for violation in violations)]
        # Without a property's name: the engine would print the whole property beside the message.
        return CheckResult(news, [CheckFailure("", message) for message in refused if message])

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["stack"], props)


def _guards(props: Props) -> list[str]:
    """What the program wants to be asked before the stack is deleted."""
    locks = [removal.lock_guard(lock["name"]) for lock in props.get("locks") or []]
    return [*locks, removal.SOFT_DELETION] if props.get("soft_delete") else locks


def _refuse_deleted(workspace_id: str) -> str:
    """Why nothing can be made of a workspace that is soft-deleted; empty for one that is not."""
    found = soft_deletions.find_workspace(workspace_id)
    return f"updating stack '{found.stack}': {soft_deletions.refusal(found)}" if found else ""


class ChangeGuard(Resource, module="guards", provider=ChangeGuardProvider):
    """Refuses a change that Azure would make by replacing a resource.

    Args:
        name: Logical name.
        resources: Type token and Azure properties of each resource, by `resource_key`.
        allowed: Names of resources that may be replaced (`ml-workspace:allowReplacement`).
        declared: URNs of the components, which the policies judge first.
        locks: Properties of the management locks.
        configuration: Makes digests of all that is configured, which are kept where a lock forbids changes.
        soft_delete: Id of a workspace that is kept after its deletion; empty for one that is not.
        opts: Resource options.
    """

    def __init__(
        self,
        name: str,
        *,
        resources: Resources,
        allowed: Sequence[str],
        declared: Sequence[pulumi.Input[str]],
        locks: Sequence[Mapping[str, str]] = (),
        configuration: Callable[[], Mapping[str, str]] = dict,
        soft_delete: str = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        # Where states can be read, the settings have been compared with this stack's.
        compares = is_read_only(locks) or not stack_states.can_be_read()
        inputs: Props = {
            "stack": pulumi.get_stack(),
            "project": pulumi.get_project(),
            "resources": resources,
            "allowed": list(allowed),
            "declared": list(declared),
            **({"locks": [dict(lock) for lock in locks]} if locks else {}),
            **({"configuration": configuration()} if compares else {}),
            **({"soft_delete": soft_delete} if soft_delete else {}),
        }
        super().__init__(name, inputs, opts)
