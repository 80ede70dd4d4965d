"""Notes of removals that were begun, so that one that is killed at its very end is finished by the next run.

A stack whose resources are all gone no longer says that it has expired; what may be left is its empty state and a few
files. Kept as `$MLW_HOME/removals.json`, by backend and stack, with the moment. A note counts only as long as the stack
has no resources: one of the same name that was made since is another one.
"""

from __future__ import annotations

from datetime import UTC, datetime

from infra.clients.engine.claims import open_claims, read_claims
from infra.clients.state import stack_states
from infra.rules.stack.expiry import format_moment
from mlw.lifecycle import state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.stack_context import Context
from mlw.stacks.stacks import context_of

_FILE = "removals"


def begin(context: Context) -> None:
    """Note that a stack is being removed."""
    with open_claims(_FILE) as notes:
        notes[context.run] = format_moment(datetime.now(UTC))


def end(context: Context) -> None:
    """Drop the note: nothing of the stack is left."""
    with open_claims(_FILE) as notes:
        notes.pop(context.run, None)


def unfinished() -> list[Context]:
    """Stacks of this backend whose removal was begun and has left no more than their state, if that."""
    backend = context_of("-").backend_id
    noted_here = (run.partition("/")[2] for run in sorted(read_claims(_FILE)) if run.startswith(f"{backend}/"))
    return [context for context in map(context_of, noted_here) if is_over(state_files.read(context))]


def is_over(checkpoint: Checkpoint | None) -> bool:
    """Whether a stack with this state has nothing left that could be removed with it."""
    return checkpoint is None or not stack_states.identity_of(checkpoint.resources)
