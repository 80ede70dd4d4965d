"""Puts a stack right after a crash, so that the next command goes on as if nothing had happened.

A killed run can leave: Pulumi's lock, its plugins still at work, an empty or torn state file, objects on the engine
that the state does not know, and creations that the state only knows were begun. :func:`recover` resolves all of them
while it holds Pulumi's own lock. Data is never removed: orphan volumes stay, for the program to use again.

:func:`repair` then compares the engine with the state: what was removed or stopped behind the project's back is
refreshed, so that the next update makes or starts it again; a data volume that is gone is refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from infra.host import atomic_files
from mlw.lifecycle import (
    backend_sidecars,
    checkpoints,
    engine_objects,
    pulumi_cli,
    run_processes,
    sealed_key_vault,
    stack_locks,
    stack_ports,
    state_files,
)
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.lifecycle_errors import DamagedStateError, DataLossError
from mlw.lifecycle.object_comparison import (
    Comparison,
    EngineObject,
    compare,
    describe,
    in_removal_order,
    irreplaceable,
)
from mlw.lifecycle.pulumi_operations import perform
from mlw.lifecycle.stack_context import Context

Say = Callable[[str], None]

RESERVATION = "EngineReservation"
"""Kind of the resource that holds the stack's claims, and gives them back when it is deleted."""


def recover(context: Context, *, say: Say) -> None:
    """Resolve what a killed run has left. Costs two calls to the engine when there is nothing.

    Raises:
        EngineUnreachableError: The engine does not answer; nothing was touched.
        StackBusyError: Somebody else works on the stack.
        DamagedStateError: The state is damaged and cannot be healed.
        WrongPassphraseError: Something has to be done, and the passphrase is wrong; nothing was touched.
    """
    engine_objects.list_objects(context)
    was_killed = stack_locks.clear_stale(context, say=say) > 0
    if context.backend_folder is None:
        return
    if not was_killed and not _needs_a_look(context):
        return
    with stack_locks.hold_pulumi_lock(context):
        end_leftover_processes(context, say=say)
        backend_sidecars.mend(context, say=say)
        checkpoint = _sound_state(context, engine_objects.list_objects(context), say=say)
        _resolve(context, checkpoint, say=say)


def _needs_a_look(context: Context) -> bool:
    if backend_sidecars.damaged(context):
        return True
    if not state_files.exists(context):
        return bool(engine_objects.list_objects(context))
    try:
        checkpoint = state_files.read(context)
    except DamagedStateError:
        return True
    found = engine_objects.list_objects(context)
    orphans = checkpoint and compare(found, checkpoint.docker_objects()).removable_orphans
    return bool(orphans or (checkpoint and checkpoint.pending) or state_files.is_silently_damaged(context))


def end_leftover_processes(context: Context, *, say: Say) -> None:
    """End the plugins of a killed run, before they make what nobody would know of."""
    leftover = run_processes.of_run(context.owner)
    if leftover:
        say(f"Ending {len(leftover)} process(es) that an earlier run has left.")
        run_processes.end(leftover)


def _sound_state(context: Context, found: Sequence[EngineObject], *, say: Say) -> Checkpoint | None:
    if state_files.exists(context) or (found and state_files.newest_backup(context)):
        state_files.heal(context, say=say)
        return state_files.read(context)
    volumes = [item for item in found if item.kind == "volume"]
    if volumes:
        raise DamagedStateError(
            f"looking for the state of stack '{context.stack}': there is none in '{context.state_file}', and no "
            f"backup, but the engine holds its data: {describe(volumes)}. The keys to that data were in the state. "
            f"Put a backup of the state there, or remove the data with `make down STACK={context.stack}`."
        )
    return None


def _resolve(context: Context, checkpoint: Checkpoint | None, *, say: Say) -> None:
    remove_orphans(context, checkpoint, say=say)
    comparison = _compared(context, checkpoint)
    unfinished = checkpoint is not None and checkpoint.has_pending_creates()
    if comparison.orphan_volumes and checkpoint:
        say(f"Keeping for use again: {describe(comparison.orphan_volumes)}.")
    if unfinished and checkpoint and context.state_file:
        require_passphrase(context, checkpoint)
        if not checkpoint.has(RESERVATION):
            # Nobody would ever give back what it has claimed.
            stack_ports.release(context)
        begun = [o["resource"]["urn"].rpartition("::")[2] for o in checkpoint.pending if o["type"] == "creating"]
        say(f"Forgetting creations that a killed run did not finish: {', '.join(begun)}.")
        atomic_files.write(context.state_file, checkpoints.without_pending_creates(checkpoint), durable=True)


def _compared(context: Context, checkpoint: Checkpoint | None) -> Comparison:
    return compare(engine_objects.list_objects(context), checkpoint.docker_objects() if checkpoint else [])


def remove_orphans(context: Context, checkpoint: Checkpoint | None, *, say: Say) -> None:
    """Remove containers and networks that the state does not know; volumes stay.

    Raises:
        WrongPassphraseError: There are some, and the passphrase does not open the state; nothing was touched.
    """
    # Twice at most: a request that was under way at the engine when its sender died may end after the first look.
    for _ in range(2):
        orphans = _compared(context, checkpoint).removable_orphans
        if not orphans:
            return
        if checkpoint:
            require_passphrase(context, checkpoint)
        say(f"Removing what a killed run has left: {describe(orphans)}.")
        engine_objects.remove(in_removal_order(orphans))


def require_passphrase(context: Context, checkpoint: Checkpoint) -> None:
    """Make sure that the passphrase opens the state, before anything that cannot be undone.

    Raises:
        WrongPassphraseError: It does not.
    """
    if checkpoint.salt is not None:
        pulumi_cli.query(context, ["stack", "export", "--show-secrets", f"--stack={context.stack}"])


def repair(context: Context, *, say: Say) -> None:
    """Have the state notice what was removed, stopped or closed behind the project's back.

    Raises:
        DataLossError: A data volume is gone that nobody asked to remove.
    """
    checkpoint = None
    with contextlib.suppress(DamagedStateError):
        checkpoint = state_files.read(context)
    if checkpoint is None:
        return
    comparison = _compared(context, checkpoint)
    going = checkpoint.urns_being_deleted()
    volumes = irreplaceable([item for item in comparison.lost if item.urn not in going])
    if volumes:
        raise DataLossError(
            f"checking the data of stack '{context.stack}': {describe(volumes)} is gone from the engine, and its data "
            "with it. An empty one would hide that. Restore the volume, or start afresh with "
            f"`make down STACK={context.stack}` and `make up STACK={context.stack}`."
        )
    changed = [*comparison.lost, *comparison.stopped]
    if changed:
        say(f"Removed or stopped outside of the project: {describe(changed)}. Putting it right.")
    closed = sealed_key_vault.closed_key_vault(checkpoint)
    if closed:
        say("The key vault is closed. Opening it.")
    if changed or closed:
        perform(context, "refresh", *[f"--target={item.urn}" for item in [*changed, *closed]])
