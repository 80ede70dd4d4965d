"""Stacks whose state is no longer where the log knows it: moved to another backend, or renamed."""

from __future__ import annotations

from dataclasses import replace

from infra.clients.state import known_stacks, stack_states
from infra.host import state_backend
from infra.host.project import PROJECT
from mlw.activity import last_seen
from mlw.lifecycle import state_files
from mlw.lifecycle.lifecycle_errors import DamagedStateError
from mlw.lifecycle.stack_context import Context


def hand_over(context: Context, identity: str) -> bool:
    """Hand what is known of a stack over to its new place.

    Returns:
        Whether it still exists; otherwise it was deleted.
    """
    if not identity:
        return False
    known = known_stacks.backend_of(identity)
    if known and known != context.backend_id:
        last_seen.hand_over(context, backend=known, stack=context.stack)
        return True
    for name in state_backend.state_files(context.backend_folder, PROJECT):
        there = replace(context, stack=name)
        if name != context.stack and _identity(there) == identity:
            last_seen.hand_over(context, backend=context.backend_id, stack=name)
            return True
    return False


def _identity(context: Context) -> str:
    try:
        checkpoint = state_files.read(context)
    except DamagedStateError:
        return ""
    return stack_states.identity_of(checkpoint.resources) if checkpoint else ""
