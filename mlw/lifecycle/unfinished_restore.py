"""Refuses to work on a stack with an unfinished restore, or on a state that is not the valid one."""

from __future__ import annotations

from infra.clients.state import stack_states
from mlw.lifecycle import move_notes, restore_notes, state_files
from mlw.lifecycle.lifecycle_errors import UnfinishedRestoreError
from mlw.lifecycle.stack_context import Context


def refuse(context: Context) -> None:
    """Refuse to work on a stack whose restore has not ended, and on a state that has moved away.

    Raises:
        UnfinishedRestoreError: Not all of its data is there.
        UnfinishedMoveError: Another state is the valid one.
    """
    move_notes.refuse(context)
    note = restore_notes.read(context)
    if note is None or is_whole(context, note.stack_id):
        return
    raise UnfinishedRestoreError(
        f"looking for stack '{context.stack}': its restore from '{note.archive}' was interrupted, and not all of its "
        f"data is there. Run `mlw restore` again, or remove what is there with `make down STACK={context.stack}`."
    )


def is_whole(context: Context, stack_id: str) -> bool:
    """Whether the state is there, which comes last; then nothing is left to note."""
    checkpoint = state_files.read(context)
    if checkpoint is None or stack_states.identity_of(checkpoint.resources) != stack_id:
        return False
    restore_notes.end(context)
    return True
