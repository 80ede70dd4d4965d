"""What the log already contains of a stack: its last update and its last snapshot, in a file of the home."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from infra.host import atomic_files
from mlw.activity import activity_places
from mlw.activity.snapshots import Snapshot
from mlw.lifecycle.stack_context import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class LastSeen:
    """A stack as the log knows it.

    Attributes:
        update: Name of its last update in Pulumi's history.
        snapshot: What its state contained.
        unfinished: Resources that a failed run was creating or changing.
    """

    update: str = ""
    snapshot: Snapshot = field(default_factory=Snapshot)
    unfinished: tuple[str, ...] = ()


def read(context: Context) -> LastSeen | None:
    """What is known of a stack; None if it is new, or if the file is damaged."""
    try:
        found = json.loads(_file(context).read_bytes())
        return LastSeen(
            update=str(found["update"]),
            snapshot=Snapshot.of_json(found["snapshot"]),
            unfinished=tuple(found["unfinished"]),
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None


def write(context: Context, seen: LastSeen) -> None:
    """Remember what the log contains."""
    atomic_files.write(_file(context), _content(seen, context.stack))


def forget(context: Context) -> None:
    """Forget a stack that is gone."""
    _file(context).unlink(missing_ok=True)


def hand_over(context: Context, *, backend: str, stack: str) -> None:
    """A stack has another name or another backend; its updates there have other names."""
    seen = read(context)
    if seen:
        content = _content(LastSeen(snapshot=seen.snapshot, unfinished=seen.unfinished), stack)
        atomic_files.write(_path(backend, stack), content)
        forget(context)


def stacks(backend: str) -> list[str]:
    """Names of the known stacks of a backend."""
    folder = activity_places.last_seen()
    return sorted(path.stem.partition("-")[2] for path in folder.glob(f"{backend}-*.json"))


def _content(seen: LastSeen, stack: str) -> str:
    content = {"update": seen.update, "unfinished": list(seen.unfinished), "snapshot": seen.snapshot.as_json()}
    return json.dumps({"stack": stack, **content})


def _file(context: Context) -> Path:
    return _path(context.backend_id, context.stack)


def _path(backend: str, stack: str) -> Path:
    return activity_places.last_seen() / f"{backend}-{stack}.json"
