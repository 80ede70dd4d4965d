"""Fills the activity log from what Pulumi records: its update history and the states of the stacks.

Works after the fact, so that a plain `pulumi up`, a killed run and a state that was edited are in the log too. Each run
is recorded once, however often and by whichever process it is collected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from infra.host import file_locks
from mlw.activity import activity_places, event_log, events, last_seen, run_notes, snapshots, vanished_stacks
from mlw.activity import updates as history
from mlw.activity.events import Event, Operation, Run, Status
from mlw.activity.last_seen import LastSeen
from mlw.activity.run_notes import Note
from mlw.activity.snapshots import Snapshot
from mlw.activity.updates import Update
from mlw.lifecycle import stack_locks, state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.lifecycle_errors import DamagedStateError
from mlw.lifecycle.stack_context import Context
from mlw.lifecycle.stack_locks import Verdict

WAIT_SECONDS = 20.0

_VERBS = {"up": "update", "down": "destroy", "dn": "destroy", "resource-import": "import"}
_DEPLOYMENT = "Microsoft.Resources/deployments"
_RUN_OPERATIONS = {"update": f"{_DEPLOYMENT}/write", "destroy": f"{_DEPLOYMENT}/delete"}

_NO_RESULT = "It ended without a result: rejected before it changed anything, or killed."
_INCOMPLETE = "The run ended before all of it was done."
_FOUND = "Found in the state: no recorded update did this."


@dataclass(slots=True)
class _Collection:
    """What one collection of a stack finds."""

    context: Context
    seen: LastSeen
    is_new: bool
    events: list[Event] = field(default_factory=list)
    done: list[Note] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outcome:
    """How a run ended."""

    at: datetime
    complete: bool


def collect(context: Context, *, ended: Note | None = None, updates: Sequence[Update] | None = None) -> None:
    """Record what has happened to a stack since the last collection.

    Args:
        context: The stack.
        ended: The run of this process that has just ended.
        updates: Its finished updates where they are known; by default those in the file backend's history.

    Raises:
        ActivityLogError: The log cannot be written.
        OSError: The log cannot be written.
    """
    lock = activity_places.folder() / "collecting"
    with file_locks.hold(lock, "collecting activity", wait_seconds=WAIT_SECONDS, refuse=event_log.busy):
        seen = last_seen.read(context)
        found = _Collection(context=context, seen=seen or LastSeen(), is_new=seen is None)
        notes = run_notes.notes(context.backend_id, context.stack)
        # Before the history is read: what had ended by then has its entry there.
        over = [note for note in notes if (ended and note.run.id == ended.run.id) or not note.is_alive]
        running = [note for note in notes if note not in over]
        for update in _finished(found, over) if updates is None else updates:
            _add_update(found, update, notes)
        left = [note for note in over if note not in found.done]
        if not running and not _is_locked(context):
            if context.state_file is not None:
                _add_found(found, left)
            for note in left:
                _add_without_result(found, note)
        for note in running:
            if note not in found.done:
                found.events.append(_of_run(note.run, note.verb, found.seen.snapshot, Status.STARTED))
        _finish(found)


def _finished(found: _Collection, over: Sequence[Note]) -> list[Update]:
    """Updates that the log does not know yet; where that takes the CLI, only those of runs that are over."""
    if found.context.state_file is not None:
        return history.since(found.context, found.seen.update)
    return history.through_cli(found.context, {note.run.id for note in over}) if over else []


def _finish(found: _Collection) -> None:
    event_log.append(found.events)
    if found.seen.snapshot.resources or found.seen.update:
        last_seen.write(found.context, found.seen)
    elif not found.is_new:
        last_seen.forget(found.context)
    for note in found.done:
        note.remove()


def _add_update(found: _Collection, update: Update, notes: Sequence[Note]) -> None:
    note = _note_of(update, notes)
    run = note.run if note else _run_of(found.context, update)
    before, checkpoint = found.seen.snapshot, update.checkpoint()
    after = snapshots.take(checkpoint) if checkpoint else before
    group = after if after.group_id else before
    properties = {"verb": update.verb, "resourceChanges": dict(update.changes)}
    end = Status.SUCCEEDED if update.succeeded else Status.FAILED
    found.events += [
        _of_run(run, update.verb, group, Status.STARTED),
        *_of_resources(found, run, after, _Outcome(at=update.ended, complete=update.succeeded)),
        _of_run(run, update.verb, group, end, at=update.ended, properties=properties),
    ]
    found.seen = replace(found.seen, update=update.name)
    if note:
        found.done.append(note)


def _of_resources(found: _Collection, run: Run, after: Snapshot, outcome: _Outcome) -> Iterator[Event]:
    """Events of the resources that differ from the last snapshot, which then becomes this one."""
    changed = _changed(found, after, run)
    for one in changed:
        if outcome.complete or one.name.endswith("/delete"):
            yield events.event(run, one, Status.SUCCEEDED, at=outcome.at)
        else:
            told = replace(one, properties={**one.properties, "statusMessage": _INCOMPLETE})
            yield events.event(run, told, Status.FAILED, at=outcome.at)
    ids = {one.resource_id for one in changed}
    unfinished = set(found.seen.unfinished)
    for resource_id in sorted(unfinished - ids) if outcome.complete else ():
        if held := after.resources.get(resource_id):
            finished = Operation(name=f"{held['type']}/write", resource_id=resource_id, properties={"changes": {}})
            yield events.event(run, finished, Status.SUCCEEDED, at=outcome.at)
    left = set() if outcome.complete else (unfinished | ids) & after.resources.keys()
    _note_usage(found, after, outcome.at)
    found.seen = replace(found.seen, snapshot=after, unfinished=tuple(sorted(left)))


def _changed(found: _Collection, after: Snapshot, run: Run) -> list[Operation]:
    """What differs from the last snapshot; without what a stack that the log does not know yet had before a run."""
    changed = list(snapshots.differences(found.seen.snapshot, after))
    if not found.is_new or found.seen.update:
        return changed
    begun = events.in_rfc3339(run.started.replace(microsecond=0))
    return [one for one in changed if after.created(one.resource_id) >= begun]


def _note_usage(found: _Collection, after: Snapshot, at: datetime) -> None:
    before = found.seen.snapshot
    if before.containers != after.containers or before.volumes != after.volumes or before.resources != after.resources:
        from mlw.cost import usage_ledger  # noqa: PLC0415 - only if there is something to note

        usage_ledger.note_change(found.context.stack, before, after, at=at)


def _add_found(found: _Collection, left: Sequence[Note]) -> None:
    """What the state contains that no finished update explains."""
    try:
        checkpoint = state_files.read(found.context)
    except DamagedStateError:
        return
    before = found.seen.snapshot
    if checkpoint is None and before.resources and vanished_stacks.hand_over(found.context, before.identity):
        found.seen, found.is_new = LastSeen(), True
        return
    after, now = snapshots.take(checkpoint), datetime.now(UTC)
    group = after if after.group_id else before
    run = left[-1].run if left else _run_of_state(found.context, checkpoint, after)
    if not _changed(found, after, run):
        _note_usage(found, after, now)
        found.seen = replace(found.seen, snapshot=after)
        return
    outcome = _Outcome(at=now, complete=not left)
    if not left:
        found.events.append(_of_run(run, "edit", group, Status.STARTED))
    found.events += _of_resources(found, run, after, outcome)
    if not left:
        properties = {"verb": "edit", "statusMessage": _FOUND}
        found.events.append(_of_run(run, "edit", group, Status.SUCCEEDED, at=now, properties=properties))


def _is_locked(context: Context) -> bool:
    """Whether a run is working on the stack that has no note in this home."""
    return any(lock.verdict is not Verdict.STALE for lock in stack_locks.pulumi_locks(context))


def _add_without_result(found: _Collection, note: Note) -> None:
    snapshot, properties = found.seen.snapshot, {"verb": _verb(note.verb), "statusMessage": _NO_RESULT}
    found.events += [
        _of_run(note.run, note.verb, snapshot, Status.STARTED),
        _of_run(note.run, note.verb, snapshot, Status.FAILED, at=datetime.now(UTC), properties=properties),
    ]
    found.done.append(note)


def _of_run(
    run: Run,
    verb: str,
    snapshot: Snapshot,
    status: Status,
    *,
    at: datetime | None = None,
    properties: Mapping[str, object] | None = None,
) -> Event:
    """An event of the run as a whole: a deployment, as Azure calls it."""
    known = _verb(verb)
    name = _RUN_OPERATIONS.get(known, f"{_DEPLOYMENT}/{known}/action")
    resource_id = f"{snapshot.group_id}/providers/{_DEPLOYMENT}/{run.stack}" if snapshot.group_id else ""
    told = Operation(name=name, resource_id=resource_id, properties=properties or {"verb": known}, key=_DEPLOYMENT)
    return events.event(run, told, status, at=at or run.started)


def _verb(verb: str) -> str:
    return _VERBS.get(verb, verb)


def _note_of(update: Update, notes: Sequence[Note]) -> Note | None:
    """The note of an update: by its id, or where the CLI recorded another agent, by verb and time."""
    run_id, _ = run_notes.run_of_agent(update.agent)
    if run_id:
        return next((note for note in notes if note.run.id == run_id), None)
    latest = update.started + timedelta(seconds=1)
    before = [note for note in notes if _verb(note.verb) == _verb(update.verb) and note.run.started < latest]
    return before[-1] if before else None


def _run_of(context: Context, update: Update) -> Run:
    """The run of an update that left no note here: started without the guard, or on another machine."""
    run_id, caller = run_notes.run_of_agent(update.agent)
    run_id = run_id or events.derived_id(f"{context.backend_id}/{context.stack}/{update.name}")
    return Run(
        id=run_id, correlation_id=run_id, caller=caller or update.caller, stack=context.stack, started=update.started
    )


def _run_of_state(context: Context, checkpoint: Checkpoint | None, after: Snapshot) -> Run:
    written = checkpoint.written_at if checkpoint else datetime.now(UTC)
    content = json.dumps(after.as_json(), sort_keys=True)
    run_id = events.derived_id(f"{context.backend_id}/{context.stack}/{written}/{content}")
    return Run(id=run_id, correlation_id=run_id, caller="", stack=context.stack, started=written)
