"""Runs one Pulumi operation on a stack, prints its progress, and secures the state afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from infra.clients.state import stack_states
from mlw.activity import run_recording
from mlw.activity.run_recording import Recording, Result
from mlw.lifecycle import private_stack_file, pulumi_cli, run_events, stack_locks, state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import Progress
from mlw.lifecycle.display import show as say
from mlw.lifecycle.lifecycle_errors import LifecycleError, LockedError, OperationFailedError
from mlw.lifecycle.pulumi_cli import Event, Outcome
from mlw.lifecycle.stack_context import Context

_Result = TypeVar("_Result")

_PHASES = {"up": "update"}
"""Names of operations in events."""

Observer = Callable[[Event], None]
"""Is called with each event of the engine."""

Perform = Callable[..., Progress]
"""Runs an operation; :func:`perform` is the real one."""


def ignore(_event: Event) -> None:
    """Do nothing with an event."""


def perform(context: Context, verb: str, *extra: str, observe: Observer = ignore) -> Progress:
    """Run `pulumi <verb>` on the stack.

    Args:
        context: The stack; it exists.
        verb: `up`, `destroy` or `refresh`.
        extra: Further arguments.
        observe: Called with each engine event.

    Returns:
        The result.

    Raises:
        EarlierVersionError: An earlier version of the project created the stack; it has to be upgraded first.
        WrongPassphraseError: Before anything was changed.
        OperationCancelledError: The user interrupted it.
        OperationFailedError: It failed; the causes are on the terminal.
    """
    return _when_free(context, lambda: _perform(context, verb, *extra, observe=observe))


def _when_free(context: Context, action: Callable[[], _Result]) -> _Result:
    """Run something that needs Pulumi's lock of the stack, as soon as it is free.

    It was free a moment ago, but a plain pulumi, or a child that outlived a killed run, can still be faster.
    """
    deadline = time.monotonic() + stack_locks.wait_seconds()
    while True:
        try:
            return action()
        except LockedError:
            stack_locks.clear_stale(context, say=say)
            if time.monotonic() >= deadline:
                raise


def _perform(context: Context, verb: str, *extra: str, observe: Observer) -> Progress:
    checkpoint = require_present_version(context)
    # Only an update runs the program: a broken stack file does not prevent a destroy or refresh.
    write = (
        private_stack_file.write_private_copy if verb == "up" else private_stack_file.write_copy_without_configuration
    )
    write(context, checkpoint.salt if checkpoint else None)
    arguments = pulumi_cli.operation(verb, context, *extra)
    progress = Progress()

    def on_event(event: Event) -> None:
        progress.on_event(event)
        observe(event)

    recording = run_recording.begin(context, verb)
    outcome = None
    try:
        with run_events.phase(_PHASES.get(verb, verb)):
            outcome = pulumi_cli.run(recording.context, arguments, on_event=on_event, say=say)
    finally:
        _record(recording, verb, progress, outcome)
        state_files.keep_safe(context)
    if progress.errors and outcome.exit_code != 0 and not outcome.interrupted:
        count = len(progress.errors)
        raise OperationFailedError(
            f"running 'pulumi {verb}' of stack '{context.stack}': failed with {count} "
            f"error{'s' if count != 1 else ''}, shown above. Fix the cause and run the command again."
        )
    pulumi_cli.raise_for(context, arguments, outcome)
    return progress


def _record(recording: Recording, verb: str, progress: Progress, outcome: Outcome | None) -> None:
    """Add the run to the activity log; a file backend's history says what it did, and how it ended."""
    context = recording.context
    if outcome is not None and pulumi_cli.was_locked(outcome):
        recording.drop()
    elif context.state_file is not None or outcome is None:
        recording.end()
    else:
        succeeded = outcome.exit_code == 0 and not outcome.interrupted
        read = partial(state_files.read, context)
        recording.end(Result(verb=verb, succeeded=succeeded, changes=dict(progress.changes), checkpoint=read))


def require_present_version(context: Context) -> Checkpoint | None:
    """Read the state; None if there is none.

    Raises:
        DamagedStateError: It is damaged.
        EarlierVersionError: An earlier version of the project created it.
    """
    checkpoint = state_files.read(context)
    if checkpoint:
        stack_states.refuse_earlier_version(checkpoint.resources, stack=context.stack)
    return checkpoint


def take_over_earlier_version(context: Context) -> None:
    """Upgrade the state of a stack that an earlier version created; the caller holds the stack's lock.

    Raises:
        EarlierVersionError: Its format is unknown; nothing was changed.
        WrongPassphraseError: The passphrase does not decrypt it; nothing was changed.
    """
    checkpoint = state_files.read(context)
    if checkpoint and stack_states.is_earlier_version(checkpoint.resources):
        from mlw.upgrade.take_over import take_over  # noqa: PLC0415 - once in the life of such a stack

        _when_free(context, lambda: take_over(context, say=say))


def create_stack(context: Context) -> bool:
    """Create the stack if it does not exist yet, for a run with the private copy of the stack file.

    Returns:
        Whether it was created now.
    """
    return state_files.make_empty(context) or ensure_stack(context)


def ensure_stack(context: Context) -> bool:
    """Create the stack if it does not exist yet.

    Returns:
        Whether it was created now.
    """
    return _when_free(context, lambda: _ensure_stack(context))


def remove_stack(context: Context, *, forget_resources: bool = False) -> None:
    """Do what `pulumi stack rm` does; without starting the CLI for a file backend.

    Args:
        context: The stack.
        forget_resources: Remove it even if it lists resources, unless they are containers, networks or volumes.

    Raises:
        LifecycleError: Another run created resources meanwhile; they and the state are untouched.
    """
    if context.state_file is None:
        pulumi_cli.query(context, [*pulumi_cli.remove_stack(context), *(["--force"] if forget_resources else [])])
        return
    with stack_locks.hold_pulumi_lock(context):
        checkpoint = state_files.read(context)
        if checkpoint and (checkpoint.docker_objects() if forget_resources else checkpoint.resources):
            raise LifecycleError(
                f"removing the state of stack '{context.stack}': another run created resources meanwhile. They were "
                f"not removed. Run `make down STACK={context.stack}` again."
            )
        context.state_file.unlink(missing_ok=True)


def _ensure_stack(context: Context) -> bool:
    if state_files.exists(context):
        return False
    private_stack_file.write_private_project(context)
    private_stack_file.write_private_copy(context, None)
    try:
        pulumi_cli.query(context, pulumi_cli.make_stack(context))
    except OperationFailedError as exc:
        if "already exists" in str(exc):
            return False
        raise
    return True
