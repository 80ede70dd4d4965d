"""Which identity a stack has: its state says so, else a restore that has begun, a backup of its state, or a note."""

from __future__ import annotations

import contextlib

from infra.clients.state import known_stacks, stack_states
from mlw.lifecycle import restore_notes, state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.lifecycle_errors import DamagedStateError, OperationFailedError
from mlw.lifecycle.stack_context import Context


def is_emptied(checkpoint: Checkpoint) -> bool:
    """Whether a state holds nothing of a workspace: it is new, or everything was taken out of it by hand."""
    return not checkpoint.docker_objects() and not stack_states.identity_of(checkpoint.resources)


def find(context: Context) -> str | None:
    """The stack's identity; None for a stack that has none, or whose state and notes are all lost.

    A backup or a note from before a stack was renamed tells of the stack that has another name now: its state counts.
    """
    checkpoint = None
    with contextlib.suppress(DamagedStateError, OperationFailedError):
        checkpoint = state_files.read(context)
        if checkpoint is not None and not is_emptied(checkpoint):
            return stack_states.identity_of(checkpoint.resources) or restore_notes.identity(context)
    if restored := restore_notes.identity(context):
        return restored
    backup = state_files.newest_backup(context)
    found = stack_states.identity_of(backup[1].resources) if backup else ""
    if checkpoint is None:
        found = found or known_stacks.find(context.stack, backend=context.backend_url) or ""
    return found if found and found not in stack_states.identities() else None
