"""Finds the identity of a stack: from its state, an unfinished restore, a backup of the state, or a note."""

from __future__ import annotations

import contextlib

from infra.clients.state import known_stacks, stack_states
from mlw.lifecycle import restore_notes, state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.lifecycle_errors import DamagedStateError, OperationFailedError
from mlw.lifecycle.stack_context import Context


def is_emptied(checkpoint: Checkpoint) -> bool:
    """Whether a state contains nothing of a workspace: it is new, or was emptied by hand."""
    return not checkpoint.docker_objects() and not stack_states.identity_of(checkpoint.resources)


def find(context: Context) -> str | None:
    """The stack's identity; None if it has none, or if state and notes are lost.

    A backup or note from before a rename belongs to the renamed stack, so the state takes precedence.
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
