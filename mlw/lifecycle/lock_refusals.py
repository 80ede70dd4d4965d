"""Management locks as the commands heed them: those in the stack's state, whatever its file says by now."""

from __future__ import annotations

from infra.clients.state import stack_states
from infra.errors import ScopeLockedError
from infra.rules.stack.locked_changes import is_read_only, refusal
from mlw.lifecycle.checkpoints import Checkpoint


def refuse_deletion(checkpoint: Checkpoint, stack: str, doing: str) -> None:
    """Refuse to delete a locked stack.

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
    """Refuse to change a stack that is locked against changes.

    Raises:
        ScopeLockedError: It has a lock of level ReadOnly.
    """
    locks = stack_states.locks_of(checkpoint.resources)
    if is_read_only(locks):
        raise ScopeLockedError(refusal(doing, stack, locks, operation="write"))
