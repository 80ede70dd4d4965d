"""Pulumi's own record of finished updates: its history, in a file backend next to the state.

Each update leaves what it was, when, its result, and the state after it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from mlw.activity import events
from mlw.lifecycle import checkpoints
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.stack_context import Context

END = ".history.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """One finished update.

    Attributes:
        name: Orders the updates of a stack; the file's name.
        verb: `update`, `destroy`, `refresh` or another kind of Pulumi's.
        agent: What :func:`mlw.activity.run_notes.run_of_agent` reads.
        caller: Owner of the record, and this machine.
        succeeded: Whether it did all it was asked to.
        changes: Number of Pulumi's resources by what happened to them.
        checkpoint: Reads the state after it; None if it cannot be read.
    """

    name: str
    verb: str
    agent: str
    caller: str
    succeeded: bool
    started: datetime
    ended: datetime
    changes: Mapping[str, int]
    checkpoint: Callable[[], Checkpoint | None]


def since(context: Context, name: str) -> list[Update]:
    """The updates of a stack after the one with a name, the earliest first."""
    folder = context.history
    files = sorted(folder.glob(f"*{END}")) if folder and folder.is_dir() else []
    return list(_read(path for path in files if path.name > name))


def _read(paths: Iterator[Path]) -> Iterator[Update]:
    for path in paths:
        try:
            entry = json.loads(path.read_bytes())
            yield Update(
                name=path.name,
                verb=str(entry["kind"]),
                agent=str((entry.get("environment") or {}).get("exec.agent") or ""),
                caller=events.user_of(path.stat().st_uid),
                succeeded=entry["result"] == "succeeded",
                started=datetime.fromtimestamp(int(entry["startTime"]), UTC),
                ended=_moment(path, int(entry["endTime"])),
                changes=dict(entry.get("resourceChanges") or {}),
                checkpoint=partial(_state, path.with_name(path.name.removesuffix(END) + ".checkpoint.json")),
            )
        except (OSError, ValueError, LookupError, TypeError):
            # Left by a kill in the middle of writing it: the state says what was done.
            continue


def _state(path: Path) -> Checkpoint | None:
    try:
        return checkpoints.parse(path.read_bytes())
    except (OSError, ValueError):
        return None


def _moment(path: Path, seconds: int) -> datetime:
    """When an update ended: its file is named by the time in nanoseconds."""
    digits = path.name.removesuffix(END).rpartition("-")[2]
    nanoseconds = int(digits) if digits.isdigit() else 0
    exact = nanoseconds / 1e9
    return datetime.fromtimestamp(exact if abs(exact - seconds) <= 2 else seconds, UTC)  # noqa: PLR2004 - rounding
