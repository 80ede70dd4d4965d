"""Notes of runs that have begun: who started an update, when, and in which process.

`make up` and the like write a note here; for a plain `pulumi` the guard in front of it does
(`mlw/lifecycle/pulumi_guard.sh`). Pulumi keeps the run's id in its update history (as `exec.agent`), which is how a
note and its result find each other. A note stays until the result is in the log.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.host import atomic_files, processes
from mlw.activity import activity_places, events
from mlw.activity.events import Run

AGENT_VARIABLE = "PULUMI_OPTION_EXEC_AGENT"
"""The CLI records it with an update."""

UNREADABLE_SECONDS = 3600
"""Age after which a note that cannot be read is removed."""

_AGENT = "mlw/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A run that has begun.

    Attributes:
        verb: What Pulumi was asked to do.
        backend: Id of the state backend.
        pid: The process that runs it.
    """

    run: Run
    verb: str
    backend: str
    pid: int
    path: Path

    @property
    def is_alive(self) -> bool:
        """Whether its process is still running."""
        return processes.is_alive(self.pid, since=self.run.started)

    def remove(self) -> None:
        """Remove it: its result is recorded."""
        self.path.unlink(missing_ok=True)


def begin(stack: str, *, verb: str, backend: str) -> Note:
    """Note that this process begins a run; durably."""
    run = events.new_run(stack)
    path = activity_places.runs() / f"{run.id}.json"
    content = {
        "stack": stack,
        "verb": verb,
        "backend": backend,
        "pid": os.getpid(),
        "correlationId": run.correlation_id,
    }
    atomic_files.write(path, json.dumps(content), durable=True)
    return Note(run=run, verb=verb, backend=backend, pid=os.getpid(), path=path)


def agent_of(run: Run) -> str:
    """The value of `AGENT_VARIABLE` for a run."""
    return f"{_AGENT}{run.id}/{run.caller}"


def run_of_agent(agent: str) -> tuple[str, str]:
    """Id and caller of the run that an update was recorded with; empty if it was not started through here."""
    if not agent.startswith(_AGENT):
        return "", ""
    run_id, _, caller = agent.removeprefix(_AGENT).partition("/")
    return run_id, caller


def notes(backend: str, stack: str = "") -> list[Note]:
    """The runs of a backend, or of one of its stacks, that have begun; the earliest first."""
    found = (note for note in _read_all() if note.backend == backend and stack in {"", note.run.stack})
    return sorted(found, key=lambda note: note.run.started)


def _read_all() -> Iterator[Note]:
    folder = activity_places.runs()
    for path in folder.glob("*.json") if folder.is_dir() else ():
        try:
            status = path.stat()
            content = json.loads(path.read_bytes())
            run = Run(
                id=path.stem,
                correlation_id=str(content["correlationId"]) or path.stem,
                caller=events.user_of(status.st_uid),
                stack=str(content["stack"]),
                started=datetime.fromtimestamp(status.st_mtime, UTC),
            )
            pid = int(content["pid"])
            yield Note(run=run, verb=str(content["verb"]), backend=str(content["backend"]), pid=pid, path=path)
        except FileNotFoundError:
            continue
        except (ValueError, LookupError, TypeError):
            # Being written at this moment, or cut off by a power loss: then the state says what the run did.
            if time.time() - status.st_mtime > UNREADABLE_SECONDS:
                path.unlink(missing_ok=True)
