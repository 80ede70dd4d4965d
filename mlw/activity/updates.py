"""Pulumi's own record of finished updates: its history, in a file backend next to the state, else through the CLI.

Each update leaves what it was, when, its result, and the state after it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from mlw.activity import events, run_notes
from mlw.lifecycle import checkpoints, pulumi_cli, state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.lifecycle_errors import LifecycleError
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


def through_cli(context: Context, run_ids: Collection[str]) -> list[Update]:
    """The updates of some runs in another backend than files, the earliest first; costs two starts of the CLI."""
    try:
        listed = json.loads(pulumi_cli.query(context, ["stack", "history", "--json", f"--stack={context.stack}"]))
    except (LifecycleError, ValueError):
        return []  # the stack is gone
    found = [_of_cli(entry) for entry in reversed(listed) if _run_id(entry) in run_ids]
    if found:
        found[-1] = replace(found[-1], checkpoint=partial(state_files.read, context))
    return found


def _run_id(entry: Mapping[str, Any]) -> str:
    return run_notes.run_of_agent(str((entry.get("environment") or {}).get("exec.agent") or ""))[0]


def _of_cli(entry: Mapping[str, Any]) -> Update:
    return Update(
        name=str(entry["endTime"]),
        verb=str(entry["kind"]),
        agent=str(entry["environment"]["exec.agent"]),
        caller="",
        succeeded=entry["result"] == "succeeded",
        started=datetime.fromisoformat(entry["startTime"]),
        ended=datetime.fromisoformat(entry["endTime"]),
        changes=dict(entry.get("resourceChanges") or {}),
        checkpoint=lambda: None,
    )


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
