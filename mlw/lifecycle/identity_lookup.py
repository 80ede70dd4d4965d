"""Which identity a stack has: its state says so, else a restore that has begun, a backup of its state, or a note."""

from __future__ import annotations

import contextlib

from infra.clients.state import known_stacks, stack_states
from mlw.lifecycle import restore_notes, state_files
from mlw.lifecycle.lifecycle_errors import DamagedStateError, OperationFailedError
from mlw.lifecycle.stack_context import Context


def find(context: Context) -> str | None:
    """The stack's identity; None for a stack that has none, or whose state and notes are all lost.

    A backup or a note from before a stack was renamed tells of the stack that has another name now: its state counts.
    """
    with contextlib.suppress(DamagedStateError, OperationFailedError):
        checkpoint = state_files.read(context)
        if checkpoint is not None:
            return stack_states.identity_of(checkpoint.resources) or restore_notes.identity(context)
    if restored := restore_notes.identity(context):
        return restored
    backup = state_files.newest_backup(context)
    found = stack_states.identity_of(backup[1].resources) if backup else ""
    found = found or known_stacks.find(context.stack, backend=context.backend_url) or ""
    return found if found and found not in stack_states.identities() else None
