"""Removes a stack and proves that nothing of it is left.

Uses three sources that need not agree: the state (pulumi destroys what it contains), the labels on the engine (objects
that are not in the state are removed too) and the files of the state. Objects without both of the stack's labels are
never touched.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from infra.clients.engine import attached_engine, replaced_images
from infra.clients.state import known_stacks
from mlw.activity import run_recording
from mlw.activity.recorded import Recorded
from mlw.jobs import ending_jobs, runner_lock
from mlw.lifecycle import (
    backend_sidecars,
    engine_objects,
    foreign_resources,
    identity_files,
    identity_lookup,
    lock_refusals,
    move_notes,
    private_stack_file,
    pulumi_cli,
    removal_notes,
    removal_proof,
    restore_notes,
    run_events,
    soft_deleting,
    stack_locks,
    stack_ports,
    state_files,
)
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import Say, show
from mlw.lifecycle.engine_objects import Engine
from mlw.lifecycle.lifecycle_errors import DamagedStateError, LeftoversError, LifecycleError
from mlw.lifecycle.object_comparison import describe
from mlw.lifecycle.pulumi_operations import Perform, perform, remove_stack, take_over_earlier_version
from mlw.lifecycle.recovery import Recovery
from mlw.lifecycle.removal_proof import Remains
from mlw.lifecycle.stack_contents import describe_contents
from mlw.lifecycle.stack_context import Context

SOFT_DELETION = Recorded(operation="Microsoft.MachineLearningServices/workspaces/delete")

Condition = Callable[[Checkpoint | None], None]
"""Raises the reason against the removal."""


def down(
    context: Context,
    *,
    require: Condition = lambda _: None,
    say: Say = show,
    engine: Engine = engine_objects,
    perform: Perform = perform,
) -> None:
    """Destroy the stack, its state and its leftovers, and print the proof.

    Args:
        context: The stack.
        require: Called with the state once the stack is locked, None if it cannot be read; raises to refuse.
        say: Called with progress messages.
        engine: The engine.
        perform: Runs the Pulumi operation.

    Raises:
        ScopeLockedError: It has a management lock; nothing was removed.
        LeftoversError: Something could not be removed.
    """
    recovery = Recovery(
        context=context, stack_id=identity_lookup.find(context), say=say, engine=engine, perform=perform
    )
    if not recovery.found() and not state_files.leftovers(context):
        _refuse_namesakes(recovery)
        context.require_stack_file()
    context.prepare_folders()
    with stack_locks.exclusive(context, "make down", say=say):
        move_notes.refuse(context)
        checkpoint = last_state(recovery, lambda state: _require(context, state, require))
        if checkpoint is not None and soft_deleting.keeps(checkpoint):
            remains, headline = _delete_softly(recovery, checkpoint), f"Stack '{context.stack}' is deleted, and kept."
        else:
            remains, headline = remove(recovery, checkpoint), f"Stack '{context.stack}' is gone."
    tell(recovery, remains, headline)


def _require(context: Context, checkpoint: Checkpoint | None, require: Condition) -> None:
    require(checkpoint)
    if checkpoint is not None:
        soft_deleting.refuse_unapplied(context, checkpoint)


def tell(recovery: Recovery, remains: Remains, headline: str) -> None:
    """Print the proof, and objects of other stacks of the same name.

    Raises:
        LeftoversError: Something could not be removed.
    """
    context, say = recovery.context, recovery.say
    replaced_images.remove_replaced()
    say(removal_proof.prove(remains, headline=headline))
    for owner, objects in recovery.engine.list_namesakes(context).items():
        say(
            f"Not removed, because it belongs to another stack of this name: {removal_proof.count(objects)} of {owner}."
        )
    run_events.emit("deleted", isKept=bool(remains.kept), remains=removal_proof.list_remains(remains) or None)
    if remains:
        left = removal_proof.list_remains(remains)
        raise LeftoversError(f"taking stack '{context.stack}' down: {left} could not be removed, see above.")


def remove(recovery: Recovery, checkpoint: Checkpoint | None) -> Remains:
    """Remove everything of a stack: resources in its state, objects with its labels, its claims and its files."""
    context = recovery.context
    if checkpoint is not None:
        if contents := describe_contents(checkpoint):
            recovery.say(f"Removing permanently: {contents}.")
        take_over_earlier_version(context)
    # After that: an upgraded stack has claims under its identity only from now on.
    claimed, stack_id = stack_ports.claimed(recovery.stack_id), _identity(recovery)
    if checkpoint is not None:
        _destroy(recovery, checkpoint)
    _sweep(recovery)
    stack_ports.release(recovery.stack_id)
    if note := restore_notes.read(context):
        # A destroy does so itself; a restore that ended early has nothing to destroy.
        known_stacks.forget(note.stack_id)
    private_stack_file.remove_written_salt(context, checkpoint.salt if checkpoint else None)
    run_recording.close(context)
    state_files.remove_leftovers(context)
    ports = stack_ports.in_use(claimed.values())
    unseen = tuple(engine.address for engine in attached_engine.noted(stack_id)) if stack_id else ()
    remains = Remains(recovery.found(), ports, state_files.leftovers(context), released=len(claimed), unseen=unseen)
    if not remains.of_this_machine:
        attached_engine.forget_all(stack_id)
        identity_files.remove(context.home, stack_id)
        removal_notes.end(context)
    return remains


def _delete_softly(recovery: Recovery, checkpoint: Checkpoint) -> Remains:
    claimed = stack_ports.claimed(recovery.stack_id)
    from mlw.activity.recording import recorded  # noqa: PLC0415 - only for such stacks

    with recorded(recovery.context, SOFT_DELETION, {}) as outcome:
        outcome["softDelete"] = True
        deletion = soft_deleting.delete(recovery, checkpoint)
    run_recording.note_stop(deletion.stack_id)
    kept = tuple(item for item in recovery.found() if item.kind == "volume" and item.name != deletion.volume)
    freed = soft_deleting.using_the_machine(recovery)
    return Remains(freed, stack_ports.in_use(claimed.values()), [], released=len(claimed), kept=kept)


def _refuse_namesakes(recovery: Recovery) -> None:
    """Name the owner if a stack of this name exists only elsewhere."""
    for owner, objects in recovery.engine.list_namesakes(recovery.context).items():
        raise LifecycleError(
            f"taking stack '{recovery.context.stack}' down: this home and backend have no such stack, but the "
            f"engine holds {removal_proof.count(objects)} of {owner}. Nothing was removed. Run the command with the "
            "MLW_HOME and PULUMI_BACKEND_URL that it was created with."
        )


def last_state(recovery: Recovery, require: Condition) -> Checkpoint | None:
    """Repair the state if possible, and read it; None if there is no valid one.

    Raises:
        ScopeLockedError: The stack has a management lock; nothing was removed.
    """
    context, say = recovery.context, recovery.say
    run_recording.catch_up(context)
    stack_locks.clear_stale(context, say=say)
    try:
        with stack_locks.hold_pulumi_lock(context):
            recovery.end_leftover_processes()
            backend_sidecars.repair(context, say=say)
            if state_files.exists(context) or (recovery.found() and state_files.newest_backup(context)):
                state_files.heal(context, say=say)
            checkpoint = state_files.read(context)
            require(checkpoint)
            if checkpoint is not None:
                lock_refusals.refuse_deletion(checkpoint, context.stack, f"taking stack '{context.stack}' down")
            _end_jobs(recovery)
            # First, because a container that is not in the state may use a volume that is.
            recovery.remove_orphans(checkpoint)
    except DamagedStateError as exc:
        require(None)
        _end_jobs(recovery)
        say(f"WARNING: {exc}\nContinuing with the labels on the engine.")
        state_files.put_aside(context)
        return None
    return checkpoint


def _end_jobs(recovery: Recovery) -> None:
    ending_jobs.end(_job_lock(recovery), recovery.found, recovery.engine.remove, recovery.say)
    if stack_id := _identity(recovery):
        attached_engine.remove_from_all(stack_id, recovery.say)


def _job_lock(recovery: Recovery) -> Path:
    return runner_lock.path_of(recovery.context.home, _identity(recovery))


def _identity(recovery: Recovery) -> str:
    return recovery.stack_id or identity_lookup.find(recovery.context) or ""


def _destroy(recovery: Recovery, checkpoint: Checkpoint) -> None:
    context = recovery.context
    for foreign in reversed(foreign_resources.find(checkpoint)):
        pulumi_cli.query(context, pulumi_cli.forget_resource(context, foreign.urn))
        recovery.say(
            f"Not removed, only taken out of the state, because it does not belong to the workspace: {foreign.title}."
        )
    if checkpoint.resources:
        recovery.say(recovery.perform(context, "destroy").summary())
    else:
        recovery.require_passphrase(checkpoint)
    remove_stack(context)


def _sweep(recovery: Recovery) -> None:
    left = recovery.found()
    if left:
        recovery.say(f"Removing what the state did not contain: {describe(left)}.")
        recovery.engine.remove(left)
