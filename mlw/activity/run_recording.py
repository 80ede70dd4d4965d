"""Records runs of Pulumi that this project starts, and catches up with those that it did not see.

The log never stops a run: where it cannot be written, a warning says so, and the next run collects what is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from infra.errors import MlWorkspaceError
from infra.host import state_backend
from infra.host.project import PROJECT
from mlw.activity import activity_places, collecting, last_seen, run_notes
from mlw.activity.events import CORRELATION_VARIABLE
from mlw.activity.run_notes import Note
from mlw.lifecycle.stack_context import Context

END = ".history.json"
"""End of the names of Pulumi's records of updates."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A run that is being recorded.

    Attributes:
        context: The stack, with an environment that tells Pulumi the run's id.
        note: None if it could not be written.
    """

    context: Context
    note: Note | None

    def end(self, result: Result | None = None) -> None:
        """Record the result of the run; before Pulumi's history is shortened."""
        if self.note is not None:
            updates = None if result is None else [result.as_update(self)]
            _without_stopping(lambda: collecting.collect(self.context, ended=self.note, updates=updates))

    def drop(self) -> None:
        """Forget the run: it was rejected before it began, and is tried again."""
        if self.note is not None:
            self.note.remove()


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """Result of a run where Pulumi's history cannot be read as files.

    Attributes:
        verb: The operation.
        succeeded: Whether it did all it was asked to.
        changes: Number of Pulumi's resources by what happened to them.
        checkpoint: Reads the state; called only if something was changed.
    """

    verb: str
    succeeded: bool
    changes: dict[str, int]
    checkpoint: Callable[[], Any]

    def as_update(self, recording: Recording) -> Any:  # noqa: ANN401 - an Update, whose module is loaded on demand
        """The same as an entry of the history."""
        from mlw.activity.updates import Update  # noqa: PLC0415 - only for other backends than files

        run = recording.note.run if recording.note else None
        now = datetime.now(UTC)
        is_changed = bool(set(self.changes) - {"same"}) or not self.succeeded
        return Update(
            name=f"{now:%Y%m%dT%H%M%S.%f}",
            verb=self.verb,
            agent=run_notes.agent_of(run) if run else "",
            caller=run.caller if run else "",
            succeeded=self.succeeded,
            started=run.started if run else now,
            ended=now,
            changes=self.changes,
            checkpoint=self.checkpoint if is_changed else lambda: None,
        )


def begin(context: Context, verb: str) -> Recording:
    """Record that a run begins, after whatever came before it."""
    catch_up(context)
    note: list[Note] = []
    _without_stopping(lambda: note.append(run_notes.begin(context.stack, verb=verb, backend=context.backend_id)))
    if not note:
        return Recording(context, None)
    run = note[0].run
    told = {run_notes.AGENT_VARIABLE: run_notes.agent_of(run), CORRELATION_VARIABLE: run.correlation_id}
    return Recording(replace(context, environment={**context.environment, **told}), note[0])


def catch_up(context: Context) -> None:
    """Collect a stack if a run has left something to collect; otherwise costs a look into two folders."""
    if _has_news(context):
        _without_stopping(lambda: collecting.collect(context))


def catch_up_all(context: Context) -> None:
    """Collect every stack of the backend of a context."""
    for stack in _stacks(context):
        catch_up(replace(context, stack=stack))


def close(context: Context) -> None:
    """Record what the removal of a stack has left out, and forget the stack."""

    def finish() -> None:
        collecting.collect(context)
        last_seen.forget(context)

    _without_stopping(finish)


def _has_news(context: Context) -> bool:
    if run_notes.notes(context.backend_id, context.stack):
        return True
    if context.state_file is None:
        return False
    seen = last_seen.read(context)
    if seen and seen.snapshot.resources and not context.state_file.is_file():
        return True
    folder = context.history
    names = (path.name for path in (folder.glob(f"*{END}") if folder and folder.is_dir() else ()))
    return max(names, default="") > (seen.update if seen else "")


def note_stop(stack_id: str) -> None:
    """Note that the containers of a soft-deleted stack are gone, which its state does not say."""
    from mlw.cost import usage_ledger  # noqa: PLC0415 - only for such stacks

    _without_stopping(lambda: usage_ledger.note_stop(stack_id, at=datetime.now(UTC)))


def _stacks(context: Context) -> list[str]:
    """Stacks of a backend that were collected before, that have a history, or whose runs have begun."""
    backend = context.backend_id
    found = {*last_seen.stacks(backend), *(note.run.stack for note in run_notes.notes(backend))}
    if context.backend_folder:
        histories = context.backend_folder / "history" / PROJECT
        found |= {path.name for path in (histories.iterdir() if histories.is_dir() else ())}
        found |= set(state_backend.state_files(context.backend_folder, PROJECT))
    return sorted(found)


def _without_stopping(action: Callable[[], object]) -> None:
    """Run an action of the log; where it fails, warn and continue."""
    try:
        action()
    except (MlWorkspaceError, OSError) as exc:
        warn(exc)


def warn(error: Exception) -> None:
    """Say that the log could not be written, and what to do."""
    reason = f"{error.strerror or error} ('{error.filename}')" if isinstance(error, OSError) else str(error)
    print(
        f"WARNING: the activity log in '{activity_places.folder()}' was not written: {reason.rstrip('.')}. The command "
        "continues; runs of Pulumi are added later, by the next run or by `mlw activity list`.",
        file=sys.stderr,
    )
