"""Whether data may be removed: when its whole stack goes, or when the stack file allows it by name.

`UsageGuard` depends on everything in a stack, so a destroy deletes it first. As long as there is one, the stack is not
going, and nothing that holds data is removed unless `ml-workspace:allowReplacement` names its resource. Neither is
it going when the command was told to leave resources out: a destroy of one resource with all that depend on it deletes
`UsageGuard` too.
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
"""Options of the Pulumi CLI that choose resources; each can be given as `PULUMI_OPTION_TARGET` and the like, too."""

_TARGET = re.compile(r"-[^-cCmpsv]*t")
"""`-t` in one word with its value, or behind the letters of switches."""

CLI = frozenset({"pulumi", "pulumi-cli"})
"""Names of the Pulumi CLI's process."""

DESTROYING = frozenset({"destroy", "down", "dn"})
"""Commands of the Pulumi CLI that take a stack down; with `--run-program` they run the program too."""

ROTATION = "MLW_ROTATE"
"""Variable that asks an update for new keys."""

PURGE = "MLW_PURGE"
"""Variable by which `mlw deleted purge` names the stack that a destroy may remove."""

_going: set[str] = set()
"""Stacks whose guard this process has deleted: true also where no state is written between the steps."""

_allowed: set[str] = set()
"""Names that the stack file of this process's run allows to be replaced; a process serves one run."""

SOFT_DELETION = "soft delete"
"""The guard that keeps a workspace after its deletion."""

_guards: set[str] | None = None
"""Guards against deletion that the program of this process's run wants; None in a run without a program."""


def allow(names: Iterable[str], *, guards: Iterable[str] = ()) -> None:
    """Note which resources the stack file allows to be replaced, and which guards against deletion it wants."""
    global _guards  # noqa: PLW0603 - of the process, as the sets above
    _allowed.clear()
    _allowed.update(name.lower() for name in names)
    _guards = set(guards)


def lock_guard(name: str) -> str:
    """The guard that a management lock is."""
    return f"lock {name.lower()}"


def may_go(guard: str) -> bool:
    """Whether an update takes a guard away, since its program no longer wants it; a destroy never does."""
    return _guards is not None and guard not in _guards and not is_destroying()


def is_destroying() -> bool:
    """Whether the command takes the stack down."""
    return _asked_for(DESTROYING)


def may_be_purged(stack_id: str) -> bool:
    """Whether this run is the purge of a stack that is soft-deleted."""
    return os.environ.get(PURGE) == stack_id


def actions_asked_for() -> list[str]:
    """What the command asks for besides what is configured: new keys, objects that are made anew."""
    actions = [option for option in sorted(REPLACING) if _asked_for({option})]
    return [*actions, "rotation of keys"] if os.environ.get(ROTATION) else actions


def announce(stack_id: str) -> None:
    """Note that a stack is going as a whole, if it is."""
    if not _chooses_resources():
        _going.add(stack_id)
        known_stacks.set_going(stack_id, going=True)


def withdraw(stack_id: str) -> None:
    """Note that a stack is complete again."""
    _going.discard(stack_id)
    known_stacks.set_going(stack_id, going=False)


def require_allowed(stack_id: str, resource_name: str, holds: str) -> None:
    """Refuse to remove data that nobody asked to lose.

    Args:
        stack_id: Identity of the stack.
        resource_name: Name of the Azure resource that the data belongs to.
        holds: What would be lost.

    Raises:
        DataRemovalError: The stack is not going, and does not allow the resource to be replaced.
    """
    if resource_name.lower() in _allowed or (_is_going(stack_id) and not _chooses_resources()):
        return
    raise DataRemovalError(
        f"removing data of '{resource_name}': {holds} would be lost, but its stack is not being taken down. Nothing of "
        "it was removed. Put the resource back, or leave --replace and --target out; if the data may be lost, add "
        f"'{resource_name}' to 'ml-workspace:allowReplacement'."
    )


def _is_going(stack_id: str) -> bool:
    """Whether its guard is gone: by its own word in this run, by the state, or by its word where no state tells."""
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
    """The command line of the run that this process serves; the engine tells neither programs nor providers of it."""
    cli = (pid for pid in processes.lineage(os.getppid()) if processes.program_of(pid) in CLI)
    return processes.arguments_of(next(cli, os.getppid()))
