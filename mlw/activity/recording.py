"""Records operations that change no state, before and after they happen: key listings, secrets, backups.

A command that is killed in between is in the log as started. Where the log cannot be written, a warning says so, and
the operation continues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from infra.errors import MlWorkspaceError
from mlw.activity import event_log, events, last_seen, run_recording, snapshots
from mlw.activity.events import Operation, Status
from mlw.activity.recorded import Recorded
from mlw.activity.snapshots import Snapshot
from mlw.lifecycle import state_files
from mlw.lifecycle.stack_context import Context
from mlw.stacks.stacks import context_of


def run(records: Recorded, arguments: Mapping[str, Any], action: Callable[[], int]) -> int:
    """Run a command, recorded.

    Args:
        records: How it is recorded.
        arguments: Its command line.
        action: Returns the exit code.

    Returns:
        The exit code.
    """
    with recorded(context_of(str(arguments["stack"])), records, arguments) as outcome:
        code = action()
        outcome["exitCode"] = code
    return code


@contextmanager
def recorded(context: Context, records: Recorded, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Record what the block does: its start before, its result after it.

    Yields:
        Properties of the result, to be added to; an `exitCode` other than 0 means that it failed.
    """
    resource_id = _resource(context, records, arguments)
    operation = Operation(
        name=records.operation, resource_id=resource_id, properties=records.properties(arguments), key=records.operation
    )
    run = events.new_run(context.stack)

    def write(status: Status, properties: Mapping[str, Any]) -> None:
        told = Operation(
            name=operation.name,
            resource_id=resource_id or _resource(context, records, arguments),
            properties={**operation.properties, **properties},
            key=operation.key,
        )
        if told.resource_id:
            _append(events.event(run, told, status, at=datetime.now(UTC)))

    result: dict[str, Any] = {}
    write(Status.STARTED, {})
    try:
        yield result
    except BaseException as exc:
        write(Status.FAILED, {**result, "statusMessage": type(exc).__name__})
        raise
    code = result.pop("exitCode", 0)
    write(Status.SUCCEEDED, result) if code == 0 else write(Status.FAILED, {**result, "exitCode": code})


def _append(event: events.Event) -> None:
    try:
        event_log.append([event])
    except (MlWorkspaceError, OSError) as exc:
        run_recording.warn(exc)


def _resource(context: Context, records: Recorded, arguments: Mapping[str, Any]) -> str:
    """Id of what the command is about; empty if there is no such stack."""
    snapshot = _snapshot(context)
    found = snapshot.workspace_id or snapshot.group_id
    if records.resource != "workspace" and snapshot.workspace_id:
        found = str(snapshot.resources[snapshot.workspace_id]["properties"].get(records.resource) or found)
    return f"{found}{records.below.format_map(dict(arguments))}" if found else ""


def _snapshot(context: Context) -> Snapshot:
    """The stack as its state, or where reading that takes the CLI, the log knows it."""
    try:
        checkpoint = state_files.read(context) if context.state_file else None
    except MlWorkspaceError:
        checkpoint = None
    if checkpoint is not None:
        return snapshots.take(checkpoint)
    seen = last_seen.read(context)
    return seen.snapshot if seen else Snapshot()
