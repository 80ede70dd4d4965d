"""Notes of unfinished removals, so that the next run finishes a killed one.

A stack without resources no longer says that it has expired, that it was soft-deleted, or which identity it had; an
empty state and a few files may be left. Stored as `$MLW_HOME/removals.json`, by backend and stack.
"""

from __future__ import annotations

from typing import Any

from infra.clients.engine.claims import Claims, open_claims, read_claims
from infra.clients.state import stack_states
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.stack_context import Context

_FILE = "removals"


def begin(context: Context, stack_id: str, *, purge: bool = False) -> None:
    """Record that a stack is being removed; without an identity the recorded one stays.

    Args:
        context: The stack.
        stack_id: Its identity; empty if it is no longer known.
        purge: Whether it is soft-deleted, and cannot be recovered from now on.
    """
    with open_claims(_FILE) as notes:
        known = _note(notes, context).get("stackId", "")
        notes[context.run] = {"stackId": stack_id or known, "purge": purge}


def end(context: Context) -> None:
    """Remove the note: nothing of the stack is left."""
    if context.run in read_claims(_FILE):
        with open_claims(_FILE) as notes:
            notes.pop(context.run, None)


def purged_identity(context: Context, checkpoint: Checkpoint | None) -> str:
    """Identity of a stack with an unfinished purge; empty for any other, also of the same name."""
    note = _note(read_claims(_FILE), context)
    held = stack_states.identity_of(checkpoint.resources) if checkpoint else ""
    noted = str(note.get("stackId") or "")
    return noted if note.get("purge") and held in {"", noted} else ""


def purge_has_begun(context: Context, checkpoint: Checkpoint | None) -> bool:
    """Whether a purge has begun; it removes the mark of the soft delete first."""
    kept = stack_states.soft_deletion_of(checkpoint.resources) if checkpoint else None
    return kept is None and bool(purged_identity(context, checkpoint))


def stacks_of(backend_id: str) -> list[str]:
    """Names of the stacks of a backend with an unfinished removal."""
    return sorted(run.partition("/")[2] for run in read_claims(_FILE) if run.startswith(f"{backend_id}/"))


def is_over(checkpoint: Checkpoint | None) -> bool:
    """Whether a state contains nothing that could be removed."""
    return checkpoint is None or not stack_states.identity_of(checkpoint.resources)


def _note(notes: Claims, context: Context) -> dict[str, Any]:
    found = notes.get(context.run)
    return found if isinstance(found, dict) else {}
