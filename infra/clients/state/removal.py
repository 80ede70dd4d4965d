"""Whether data may be removed: only with its whole stack, or if the stack file allows it by name.

`UsageGuard` depends on everything in a stack, so a destroy deletes it first. As long as it exists, the stack is not
being deleted, and no data is removed unless `ml-workspace:allowReplacement` names its resource. Nor is the stack being
deleted if the command selects resources: destroying one resource with its dependents deletes `UsageGuard` too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable

from infra.clients.state import known_stacks, stack_states
from infra.errors import DataRemovalError
from infra.host import processes

USAGE_GUARD = ":UsageGuard"
REPLACING = frozenset({"--replace", "--target-replace"})
CHOOSING = frozenset({"-t", "--target", "--exclude"}) | REPLACING
"""Options of the Pulumi CLI that select resources; each can also be set as `PULUMI_OPTION_TARGET` and the like."""

_TARGET = re.compile(r"-[^-cCmpsv]*t")
"""`-t` joined with its value, or combined with other short options."""

CLI = frozenset({"pulumi", "pulumi-cli"})
"""Names of the Pulumi CLI's process."""

DESTROYING = frozenset({"destroy", "down", "dn"})
"""Commands of the Pulumi CLI that destroy a stack; with `--run-program` they also run the program."""

ROTATION = "MLW_ROTATE"
"""Variable that requests new keys from an update."""

PURGE = "MLW_PURGE"
"""Variable by which `mlw deleted purge` names the stack that a destroy may remove."""

_going: set[str] = set()
"""Stacks whose guard this process has deleted; needed because the state may not be written between the steps."""

_allowed: set[str] = set()
"""Names of resources that the stack file allows to be replaced; a process serves one run."""

SOFT_DELETION = "soft delete"
"""The guard that keeps a workspace after its deletion."""

_guards: set[str] | None = None
"""Deletion guards that the program registers in this run; None in a run without a program."""


def allow(names: Iterable[str], *, guards: Iterable[str] = ()) -> None:
    """Record which resources the stack file allows to be replaced, and the deletion guards that it declares."""
    global _guards  # noqa: PLW0603 - per process, like the sets above
    _allowed.clear()
    _allowed.update(name.lower() for name in names)
    _guards = set(guards)


def lock_guard(name: str) -> str:
    """Name of a management lock's guard."""
    return f"lock {name.lower()}"


def may_go(guard: str) -> bool:
    """Whether an update may remove a guard, because its program no longer registers it; a destroy never may."""
    return _guards is not None and guard not in _guards and not is_destroying()


def is_destroying() -> bool:
    """Whether the command takes the stack down."""
    return _asked_for(DESTROYING)


def may_be_purged(stack_id: str) -> bool:
    """Whether this run purges a soft-deleted stack."""
    return os.environ.get(PURGE) == stack_id


def actions_asked_for() -> list[str]:
    """Actions that the command requests in addition to the configuration: new keys, replaced resources."""
    actions = [option for option in sorted(REPLACING) if _asked_for({option})]
    return [*actions, "rotation of keys"] if os.environ.get(ROTATION) else actions


def announce(stack_id: str) -> None:
    """Record that a stack is being deleted, if it is deleted as a whole."""
    if not _chooses_resources():
        _going.add(stack_id)
        known_stacks.set_going(stack_id, going=True)


def withdraw(stack_id: str) -> None:
    """Record that a stack is complete again."""
    _going.discard(stack_id)
    known_stacks.set_going(stack_id, going=False)


def require_allowed(stack_id: str, resource_name: str, holds: str) -> None:
    """Prevent the removal of data that the user did not ask to lose.

    Args:
        stack_id: Identity of the stack.
        resource_name: Name of the Azure resource that the data belongs to.
        holds: The data that would be lost.

    Raises:
        DataRemovalError: The stack is not being deleted, and does not allow the resource to be replaced.
    """
    if resource_name.lower() in _allowed or (_is_going(stack_id) and not _chooses_resources()):
        return
    raise DataRemovalError(
        f"removing data of '{resource_name}': {holds} would be lost, but the stack is not being deleted. Nothing was "
        "removed. Restore the resource, or omit --replace and --target; if the data may be lost, add "
        f"'{resource_name}' to 'ml-workspace:allowReplacement'."
    )


def _is_going(stack_id: str) -> bool:
    """Whether its guard was deleted: in this run, by the state, or by the record if the state cannot be read."""
    if stack_id in _going:
        return True
    resources = stack_states.resources_of(stack_id)
    if resources is None:
        return known_stacks.is_going(stack_id)
    return not any(str(resource.get("type", "")).endswith(USAGE_GUARD) for resource in resources)


def _chooses_resources() -> bool:
    return _asked_for(CHOOSING) or any(_TARGET.match(word) for word in _command())


def _asked_for(words: Collection[str]) -> bool:
    variables = (f"PULUMI_OPTION_{word.strip('-').replace('-', '_').upper()}" for word in words)
    return any(word.partition("=")[0] in words for word in _command()) or any(map(os.environ.get, variables))


def _command() -> list[str]:
    """The command line of the run that this process serves; the engine does not pass it to programs and providers."""
    cli = (pid for pid in processes.lineage(os.getppid()) if processes.program_of(pid) in CLI)
    return processes.arguments_of(next(cli, os.getppid()))
