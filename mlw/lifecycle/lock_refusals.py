"""Enforces management locks: those in the stack's state, regardless of its file."""

from __future__ import annotations

from infra.clients.state import stack_states
from infra.errors import ScopeLockedError
from infra.rules.stack.locked_changes import is_read_only, refusal
from mlw.lifecycle.checkpoints import Checkpoint


def refuse_deletion(checkpoint: Checkpoint, stack: str, doing: str) -> None:
    """Reject the deletion of a locked stack.

    Args:
        checkpoint: Its state.
        stack: Its name.
        doing: What is being done.

    Raises:
        ScopeLockedError: It has a lock.
    """
    if locks := stack_states.locks_of(checkpoint.resources):
        raise ScopeLockedError(refusal(doing, stack, locks))


def refuse_change(checkpoint: Checkpoint, stack: str, doing: str) -> None:
    """Reject a change of a stack with a ReadOnly lock.

    Raises:
        ScopeLockedError: It has a lock of level ReadOnly.
    """
    locks = stack_states.locks_of(checkpoint.resources)
    if is_read_only(locks):
        raise ScopeLockedError(refusal(doing, stack, locks, operation="write"))
