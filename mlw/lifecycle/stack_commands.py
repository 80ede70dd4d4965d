"""The commands behind make targets: up, preview, refresh, recover; :mod:`mlw.lifecycle.down` is apart."""

from __future__ import annotations

import contextlib

from infra.clients.engine import replaced_images
from infra.clients.state import stack_states
from infra.errors import MlWorkspaceError, NotReadyError
from infra.rules.stack.expiry import format_moment
from infra.services import INFERENCE
from mlw.activity import run_recording
from mlw.lifecycle import (
    display,
    engine_objects,
    foreign_resources,
    identity_lookup,
    private_stack_file,
    pulumi_cli,
    run_events,
    run_trace,
    service_readiness,
    soft_deleting,
    stack_locks,
    stack_ports,
    state_files,
    unfinished_restore,
)
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import show as say
from mlw.lifecycle.lifecycle_errors import (
    DamagedStateError,
    LifecycleError,
    OperationCancelledError,
    OperationFailedError,
)
from mlw.lifecycle.object_comparison import RESERVATION
from mlw.lifecycle.pulumi_operations import (
    create_stack,
    ensure_stack,
    perform,
    remove_stack,
    require_present_version,
    take_over_earlier_version,
)
from mlw.lifecycle.recovery import Recovery
from mlw.lifecycle.run_trace import RunTrace
from mlw.lifecycle.stack_context import Context


def up(context: Context) -> None:
    """Bring the stack up, or what is missing of it, and print its endpoints."""
    _require_stack_file(context)
    context.prepare_folders()
    recovery = Recovery(context=context)
    with stack_locks.exclusive(context, "make up", say=say), run_trace.recording(context) as trace:
        with run_events.phase("recovery"), trace.phase("compare state and engine"):
            unfinished_restore.refuse(context)
            recovery.recover()
            _refuse_deleted(context, "bringing up")
            is_new = create_stack(context)
            take_over_earlier_version(context)
            before = recovery.repair()
        try:
            checkpoint = _update(trace)
        except (LifecycleError, NotReadyError) as exc:
            if is_new:
                _forget_empty_stack(context)
            _roll_back(context, before, exc)
            raise
    replaced_images.remove_replaced()
    if checkpoint and INFERENCE.endpoints[0].use in (checkpoint.outputs.get("endpoints") or {}):
        from mlw.online_endpoints import repairing  # noqa: PLC0415 - only with such endpoints

        repairing.after_update(context.stack, say)
    say("")
    say(display.endpoints(context.stack, checkpoint.outputs if checkpoint else {}))
    if expiry := stack_states.expiry_of(checkpoint.resources if checkpoint else []):
        say(f"Expires:      {format_moment(expiry.moment)}, by `mlw expire --yes`")


def _without_foreign(context: Context) -> list[str]:
    """Arguments that exclude resources that do not belong to the workspace; reports them."""
    checkpoint = state_files.read(context)
    foreign = foreign_resources.find(checkpoint) if checkpoint else []
    if foreign:
        say(foreign_resources.describe(foreign, context.stack))
    return foreign_resources.excluded(foreign)


def _update(trace: RunTrace) -> Checkpoint | None:
    """Update the stack, and make sure that every service responds."""
    context = trace.context
    with trace.phase("pulumi up"):
        say(perform(context, "up", *_without_foreign(context), observe=trace.on_event).summary())
    checkpoint = state_files.read(context)
    if checkpoint:
        soft_deleting.note_recovered(checkpoint)
        with run_events.phase("readiness"), trace.phase("probe the services"):
            service_readiness.require_ready(context.stack, checkpoint)
        _emit_ready(checkpoint)
    return checkpoint


def _emit_ready(checkpoint: Checkpoint) -> None:
    outputs = checkpoint.outputs
    identity = (outputs.get("workspace") or {}).get("id")
    run_events.emit("ready", workspaceId=identity, endpoints=outputs.get("endpoints"))


def _roll_back(context: Context, before: Checkpoint | None, cause: MlWorkspaceError) -> None:
    """Roll back replaced containers that do not become ready.

    Raises:
        OperationFailedError: Containers were rolled back; the message names them.
    """
    if before is None or isinstance(cause, OperationCancelledError):
        return
    from mlw.rollback import roll_back  # noqa: PLC0415 - only after an update that has failed

    results = roll_back.roll_back(context, before, say=say)
    if results:
        raise OperationFailedError(roll_back.explain(context.stack, results)) from cause


def _require_stack_file(context: Context) -> None:
    """Reject a stack without a file; a soft-deleted one gets its own message."""
    if not context.stack_file.is_file():
        _refuse_deleted(context, "bringing up")
    context.require_stack_file()


def _refuse_deleted(context: Context, doing: str) -> None:
    soft_deleting.refuse(context, state_files.read(context), doing)


def _forget_empty_stack(context: Context) -> None:
    """Remove the stack of a first `up` that failed before it created anything."""
    checkpoint, found = state_files.read(context), engine_objects.list_objects(context)
    reserved = [item for item in found if item.kind == RESERVATION]
    if checkpoint is None or checkpoint.docker_objects() or checkpoint.pending or found != reserved:
        return
    engine_objects.remove(reserved)
    remove_stack(context, forget_resources=True)
    state_files.remove_leftovers(context)
    stack_ports.release(identity_lookup.find(context))


def preview(context: Context, *, to: int | None = None) -> None:
    """Show what `up` would do, with the policy pack; leaves no new stack behind.

    Args:
        context: The stack.
        to: File descriptor for Pulumi's output; by default standard output.
    """
    context.require_stack_file()
    context.prepare_folders()
    with stack_locks.exclusive(context, "make preview", say=say):
        unfinished_restore.refuse(context)
        is_new = create_stack(context)
        try:
            checkpoint = require_present_version(context)
            private_stack_file.write_private_copy(context, checkpoint.salt if checkpoint else None)
            exit_code = pulumi_cli.run_plain(context, [*pulumi_cli.preview(context), *_without_foreign(context)], to=to)
        finally:
            if is_new:
                remove_stack(context, forget_resources=True)
                state_files.remove_leftovers(context)
    if exit_code != 0:
        raise OperationFailedError(
            f"previewing stack '{context.stack}': failed; the causes are shown above. Nothing was changed."
        )


def refresh(context: Context) -> None:
    """Update the state from what the engine and the services actually contain."""
    context.prepare_folders()
    with stack_locks.exclusive(context, "make refresh", say=say):
        unfinished_restore.refuse(context)
        Recovery(context=context).recover()
        _require_state(context)
        _refuse_deleted(context, "refreshing")
        say(perform(context, "refresh").summary())


def recover(context: Context) -> None:
    """Clean up after a killed run; the guard in front of a plain `pulumi` calls this."""
    context.prepare_folders()
    with stack_locks.exclusive(context, "recovery", say=say):
        unfinished_restore.refuse(context)
        with contextlib.suppress(DamagedStateError):
            require_present_version(context)
        Recovery(context=context).recover()
        if context.stack_file.is_file():
            ensure_stack(context)


def record(context: Context) -> None:
    """Add what plain Pulumi has done in the backend to the activity log; the guard calls this."""
    run_recording.catch_up_all(context)


def _require_state(context: Context) -> None:
    if state_files.read(context) is None:
        raise LifecycleError(f"looking for stack '{context.stack}': it is not up. Start it with `make up`.")
