"""`mlw delete`: what `make down` does, after a question."""

from __future__ import annotations

import contextlib
import os
import sys

from mlw.command import DONE, FAILED, INTERRUPTED, PROGRAM, command
from mlw.command_options import STACK, YES
from mlw.lifecycle import lock_refusals, soft_deleting, stack_context, state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import show as say
from mlw.lifecycle.lifecycle_errors import DamagedStateError
from mlw.lifecycle.stack_contents import describe_contents
from mlw.lifecycle.stack_context import Context
from mlw.provisioning import questions, runs
from mlw.provisioning.lifecycle_options import EVENTS


@command(
    examples=("mlw delete dev", "mlw delete dev --yes"),
    exit_codes={
        DONE: "deleted",
        FAILED: "nothing was deleted: it is locked or in use, or nobody agreed; or it failed",
        INTERRUPTED: "interrupted; run it again to continue",
    },
)
@STACK
@YES
@EVENTS
def delete(stack: str, events: str | None, *, yes: bool) -> int:
    """Delete a workspace.

    Says what would be lost, asks, and deletes the workspace as `make down` does: management locks and workspaces that
    use its resources prevent it, and with soft delete it can be recovered (`mlw deleted recover`). The stack file
    stays.
    """
    context = stack_context.load(stack, os.environ)
    with runs.messages(events=events):
        say(consequences(context))
    if not yes and not (questions.can_ask() and questions.confirm(f"Delete stack '{stack}'?")):
        print(f"{PROGRAM}: nothing was deleted. Run it again with --yes, or on a terminal.", file=sys.stderr)
        return FAILED
    return runs.interruptible(lambda: runs.take_down(context, events))


def consequences(context: Context) -> str:
    """What deleting a stack would lose or keep.

    Raises:
        ScopeLockedError: It has a management lock.
    """
    checkpoint: Checkpoint | None = None
    with contextlib.suppress(DamagedStateError):  # `down` repairs it or works by the labels on the engine
        checkpoint = state_files.read(context)
    if checkpoint is None:
        return f"Stack '{context.stack}' has no readable state; what the engine has of it would be removed."
    lock_refusals.refuse_deletion(checkpoint, context.stack, f"deleting stack '{context.stack}'")
    contents = describe_contents(checkpoint) or "nothing yet"
    if soft_deleting.keeps(checkpoint):
        return f"Would be deleted and kept for its retention: {contents}."
    return f"Would be deleted permanently: {contents}."
