"""Findings about the stack's state: locks, and leftovers of interrupted runs."""

from __future__ import annotations

from collections.abc import Iterator

from mlw.diagnosis.findings import Finding, Group, Level
from mlw.lifecycle import foreign_resources, stack_locks
from mlw.lifecycle.stack_locks import PulumiLock, Verdict
from mlw.stacks.stacks import Stack

_LOCKS = {
    Verdict.LIVE: ("OperationRunning", "another command is working on the stack ({owner}). Wait for it to finish."),
    Verdict.STALE: ("LockLeftBehind", "stale lock of a killed run ({owner}). `make up STACK={stack}` clears it."),
    Verdict.FOREIGN: (
        "LockedElsewhere",
        "locked by another machine ({owner}). If no command is running there, clear the lock with "
        "`pulumi cancel -s {stack}`.",
    ),
}


def check_locks(stack: Stack) -> Iterator[Finding]:
    """Findings about locks: while there is one, the workspace cannot be changed or deleted."""
    for lock in stack_locks.pulumi_locks(stack.context):
        yield _locked(lock, stack.name)


def check_updates(stack: Stack) -> Iterator[Finding]:
    """Findings about unfinished updates."""
    again = f"Run `make up STACK={stack.name}`, which finishes it."
    if not stack.is_complete:
        message = f"stack '{stack.name}': never deployed successfully, so there is no workspace record. {again}"
        yield Finding(group=Group.OTHER, code="UpdateUnfinished", message=message)
    if pending := len(stack.checkpoint.pending):
        message = f"stack '{stack.name}': an update was killed in the middle of {pending} operation(s). {again}"
        yield Finding(group=Group.OTHER, code="UpdateInterrupted", message=message, level=Level.WARNING)


def check_foreign_resources(stack: Stack) -> Iterator[Finding]:
    """A finding about resources that were imported into the state."""
    if found := foreign_resources.find(stack.checkpoint):
        message = foreign_resources.describe(found, stack.name)
        yield Finding(group=Group.OTHER, code="ForeignResource", message=message, level=Level.WARNING)


def _locked(lock: PulumiLock, stack: str) -> Finding:
    code, text = _LOCKS[lock.verdict]
    message = f"stack '{stack}': {text.format(owner=lock.owner, stack=stack)}"
    return Finding(group=Group.RESOURCE_LOCK, code=code, message=message, level=Level.WARNING)
