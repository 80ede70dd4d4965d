"""Notes of removals that were begun, so that one that is killed is finished by the next run.

A stack whose resources are all gone says no longer that it has expired, that it was soft-deleted, or which identity it
had; what may be left is an empty state and a few files. Kept as `$MLW_HOME/removals.json`, by backend and stack.
"""

from __future__ import annotations

from typing import Any

from infra.clients.engine.claims import Claims, open_claims, read_claims
from infra.clients.state import stack_states
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.stack_context import Context

_FILE = "removals"


def begin(context: Context, stack_id: str, *, purge: bool = False) -> None:
    """Note that a stack is being removed; one that has no identity any more keeps the one that was noted.

    Args:
        context: The stack.
        stack_id: Its identity; empty for one that has none any more.
        purge: Whether it is soft-deleted, and from here on cannot be brought back.
    """
    with open_claims(_FILE) as notes:
        known = _note(notes, context).get("stackId", "")
        notes[context.run] = {"stackId": stack_id or known, "purge": purge}


def end(context: Context) -> None:
    """Drop the note: nothing of the stack is left."""
    if context.run in read_claims(_FILE):
        with open_claims(_FILE) as notes:
            notes.pop(context.run, None)


def purged_identity(context: Context, checkpoint: Checkpoint | None) -> str:
    """Identity of a stack whose purge was begun; empty for any other, also of the same name."""
    note = _note(read_claims(_FILE), context)
    held = stack_states.identity_of(checkpoint.resources) if checkpoint else ""
    noted = str(note.get("stackId") or "")
    return noted if note.get("purge") and held in {"", noted} else ""


def purge_has_begun(context: Context, checkpoint: Checkpoint | None) -> bool:
    """Whether a purge has removed some of a stack; what keeps the stack goes first, and nothing without it."""
    kept = stack_states.soft_deletion_of(checkpoint.resources) if checkpoint else None
    return kept is None and bool(purged_identity(context, checkpoint))


def stacks_of(backend_id: str) -> list[str]:
    """Names of the stacks of a backend whose removal was begun."""
    return sorted(run.partition("/")[2] for run in read_claims(_FILE) if run.startswith(f"{backend_id}/"))


def is_over(checkpoint: Checkpoint | None) -> bool:
    """Whether a stack with this state has nothing left that could be removed with it."""
    return checkpoint is None or not stack_states.identity_of(checkpoint.resources)


def _note(notes: Claims, context: Context) -> dict[str, Any]:
    found = notes.get(context.run)
    return found if isinstance(found, dict) else {}
