"""What management locks forbid. The stack's current locks apply, not those that its file now asks for.

Azure documentation, "Lock resources": a lock is a separate resource, applies to all users, only in the management
plane, and must be removed before the operation it forbids. So one update removes a lock, and the next makes the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from infra.rules.computes.compute_rules import KEY as COMPUTES
from infra.rules.policy.rule import StackRule
from infra.rules.resources.management_locks import Level
from infra.rules.resources.tracking import Services, check_removal
from infra.rules.stack.stack_changes import Resources, check_changes
from infra.rules.violation import Violation

KEY = "ml-workspace:resourceGroup.locks"
MAX_NAMED = 8

DELETION = StackRule(
    "lock-resource-group-forbid-deletion",
    "No resource in a resource group with a management lock is deleted or replaced.",
)
CHANGE = StackRule(
    "lock-resource-group-forbid-change", "No resource in a resource group with a ReadOnly lock is changed."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedStack:
    """A stack as last accepted, or as wanted.

    Attributes:
        locks: Properties of the locks.
        resources: The Azure resources.
        services: The optional services.
        computes: Names of the computes.
        configuration: Digests of all configuration values, by key.
    """

    locks: Sequence[Mapping[str, str]] = ()
    resources: Resources = field(default_factory=dict)
    services: Services = field(default_factory=dict)
    computes: Sequence[str] = ()
    configuration: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, guarded: Mapping[str, Any]) -> Self:
        """Read it from the properties of a `ChangeGuard`."""
        given = {key: guarded.get(key) for key in ("locks", "resources", "services", "computes", "configuration")}
        return cls(**{key: value for key, value in given.items() if value})


def is_read_only(locks: Iterable[Mapping[str, str]]) -> bool:
    """Whether any lock has the level ReadOnly."""
    return any(lock.get("level") == Level.READ_ONLY for lock in locks)


def describe_locks(locks: Iterable[Mapping[str, str]]) -> str:
    """The locks with their levels and notes, for messages."""
    return ", ".join(
        f"'{lock.get('name')}' ({lock.get('level')}{', ' + repr(lock['notes']) if lock.get('notes') else ''})"
        for lock in locks
    )


def explain(operation: str, scope: str, locks: Iterable[Mapping[str, str]]) -> str:
    """Azure's explanation of a rejected operation, with the locks that forbid it.

    Args:
        operation: `delete` or `write`.
        scope: Id of the resource group.
        locks: Properties of its locks.
    """
    return (
        f"ScopeLocked: the scope '{scope}' cannot perform {operation} operation because it is locked: "
        f"{describe_locks(locks)}"
    )


def refusal(doing: str, stack: str, locks: Sequence[Mapping[str, str]], *, operation: str = "delete") -> str:
    """The error message for a locked operation, in Azure's words, with what to do.

    Args:
        doing: What was being done.
        stack: Name of the stack.
        locks: Properties of its locks.
        operation: `delete` or `write`.
    """
    return (
        f"{doing}: {explain(operation, locks[0]['scope'], locks)}. Nothing was changed or deleted. Remove the lock "
        f"from '{KEY}' in stacks/Pulumi.{stack}.yaml, run `make up STACK={stack}`, and try again."
    )


def check_locked(
    before: AcceptedStack, wanted: AcceptedStack, *, allowed: Sequence[str], actions: Sequence[str] = ()
) -> list[Violation]:
    """Violations in a change of a locked stack.

    Args:
        before: The stack as it is; its locks apply.
        wanted: The stack as configured now.
        allowed: Names of resources that may be replaced if no lock forbids it.
        actions: Other requested actions, e.g. key rotation; only a ReadOnly lock forbids them.
    """
    if not before.locks:
        return []
    scope = _scope(before.resources)
    found = _deletions(before, wanted, allowed, scope)
    if found or not is_read_only(before.locks):
        return found
    changed = [*actions, *_changed_keys(before.configuration, wanted.configuration)]
    return [_refused(CHANGE, explain("write", scope, before.locks), changed)] if changed else []


def _deletions(before: AcceptedStack, wanted: AcceptedStack, allowed: Sequence[str], scope: str) -> list[Violation]:
    refused, anyway = (
        [
            *check_changes(before.resources, wanted.resources, allowed=names, deployed=()),
            *check_removal(before.services, wanted.services, allowed=names),
        ]
        for names in ((), allowed)
    )
    passed = [violation for violation in refused if violation not in anyway]
    explanation = explain("delete", scope, before.locks)
    kept = {name.lower() for name in wanted.computes}
    keys = [violation.key for violation in passed]
    keys += [COMPUTES for name in before.computes if name.lower() not in kept][:1]
    return [replace(_refused(DELETION, explanation, []), key=key) for key in keys]


def _refused(rule: StackRule, explanation: str, changed: Sequence[str]) -> Violation:
    named = ", ".join(f"'{key}'" for key in changed[:MAX_NAMED])
    more = f" and {len(changed) - MAX_NAMED} more" if len(changed) > MAX_NAMED else ""
    return Violation(
        rule=rule,
        key=KEY,
        value=None,
        found=f"{explanation}{'; it would change ' + named + more if changed else ''}",
        allowed="only changes of the locks" if rule == CHANGE else "changes that delete nothing",
        fix=f"undo the change; or remove the lock from '{KEY}', run `make up` without other changes, and then run it "
        "again with the change",
    )


def _changed_keys(before: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Keys whose values differ; empty if either side is unknown."""
    known = {*before, *wanted} if before and wanted else set()
    return sorted(key for key in known if before.get(key) != wanted.get(key))


def _scope(resources: Resources) -> str:
    group = resources.get("resourceGroup", {})
    return str(group.get("properties", {}).get("resourceId", ""))
