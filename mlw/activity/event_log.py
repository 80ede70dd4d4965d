"""The activity log: records in files that are only appended to, each with the digest of its predecessor.

A record is one line of JSON: its number, the digest of the record before it, its own digest, and the event. `head.json`
repeats number and digest of the last one, so that missing records at the end are noticed too. Writers hold a lock, and
a record is on disk when :func:`append` returns. A file that has become large is left as it is, and the next one
continues the chain; nothing here deletes a file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import MlWorkspaceError
from infra.host import atomic_files, file_locks
from mlw.activity import activity_places
from mlw.activity.events import Event

SEGMENT_BYTES = 16 * 2**20
"""Size at which the next file is begun: some 15,000 events."""

LOCK_SECONDS = 20.0
ORIGIN = "0" * 64
"""Predecessor of the first record."""

_SEARCHED_BYTES = 2 * 2**20
"""Where an event that was collected before is looked for: the end of the log."""


class ActivityLogError(MlWorkspaceError):
    """The activity log cannot be read or written."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain."""

    sequence: int = 0
    digest: str = ORIGIN


def segments() -> list[Path]:
    """The files of the log, in order."""
    return sorted(activity_places.folder().glob("log-*.jsonl"))


def append(events: Sequence[Event]) -> list[Event]:
    """Write events to the end of the log; one that is there already, by its id, is left out.

    Returns:
        The events that were written.

    Raises:
        ActivityLogError: The lock is held for too long, or the end of the log is damaged.
        OSError: The disk is full, or the folder cannot be written.
    """
    if not events:
        return []
    with file_locks.hold(activity_places.lock(), "writing the activity log", wait_seconds=LOCK_SECONDS, refuse=busy):
        path, end = _end()
        recent = _recent_text()
        new = [event for event in events if f'"eventDataId":"{event["eventDataId"]}"' not in recent]
        if new:
            _write(path, end, new)
    return new


def digest_of(sequence: int, previous: str, event: Event) -> str:
    """The digest of a record."""
    return hashlib.sha256(f"{sequence}\n{previous}\n{_compact(event)}".encode()).hexdigest()


def read_head() -> Head | None:
    """What `head.json` says; None if there is none, or it is damaged."""
    try:
        found = json.loads(activity_places.head().read_bytes())
        return Head(int(found["sequence"]), str(found["digest"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def read_events(*, newest_first: bool = True) -> Iterator[Event]:
    """Read the events in the order in which they were recorded; unreadable lines are left to `verify`."""
    files = segments()
    for path in reversed(files) if newest_first else files:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in reversed(lines) if newest_first else lines:
            try:
                found = json.loads(line)["event"]
            except (ValueError, LookupError, TypeError):
                continue
            if isinstance(found, dict):
                yield found


def busy(holder: str) -> ActivityLogError:
    """The error when another process does not release a lock of the log."""
    return ActivityLogError(
        f"writing the activity log: {holder} has held its lock for {LOCK_SECONDS:.0f} s. End that process if it hangs."
    )


def _end() -> tuple[Path, Head]:
    """The file to write to, and the last record."""
    files = segments()
    while files:
        path = files[-1]
        _drop_incomplete_line(path)
        last = _last_line(path)
        if last:
            return (_next(path) if path.stat().st_size >= SEGMENT_BYTES else path), _head_of(path, last)
        files.pop()
    return activity_places.folder() / "log-000001.jsonl", read_head() or Head()


def _head_of(path: Path, line: bytes) -> Head:
    try:
        record = json.loads(line)
        return Head(int(record["sequence"]), str(record["digest"]))
    except (ValueError, LookupError, TypeError):
        raise ActivityLogError(
            f"writing the activity log: the last line of '{path}' is damaged. Run `mlw activity verify`, which names "
            "every damaged line; move the file elsewhere, and the next record continues the chain."
        ) from None


def _next(path: Path) -> Path:
    number = int(path.stem.rpartition("-")[2]) + 1
    return path.with_name(f"log-{number:06}.jsonl")


def _drop_incomplete_line(path: Path) -> None:
    """Remove a last line without its end: its writer was killed, so no command has relied on it."""
    if _tail(path, 1) in {b"", b"\n"}:
        return
    content = _tail(path, SEGMENT_BYTES)
    incomplete = len(content) - (content.rfind(b"\n") + 1)
    if incomplete:
        with path.open("rb+") as file:
            file.truncate(path.stat().st_size - incomplete)
            os.fsync(file.fileno())


def _last_line(path: Path) -> bytes:
    return _tail(path, _SEARCHED_BYTES).rstrip(b"\n").rpartition(b"\n")[2]


def _tail(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - size))
        return file.read()


def _recent_text() -> str:
    return b"".join(_tail(path, _SEARCHED_BYTES) for path in segments()[-2:]).decode(errors="replace")


def _write(path: Path, end: Head, events: Sequence[Event]) -> None:
    lines = []
    for event in events:
        digest = digest_of(end.sequence + 1, end.digest, event)
        record = {"sequence": end.sequence + 1, "previous": end.digest, "digest": digest, "event": event}
        lines.append(f"{_compact(record)}\n")
        end = Head(end.sequence + 1, digest)
    is_new = not path.exists()
    with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, atomic_files.PRIVATE_FILE), "wb") as file:  # noqa: PTH123
        file.write("".join(lines).encode())
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        atomic_files.flush(path.parent)
    atomic_files.write(activity_places.head(), _compact({"sequence": end.sequence, "digest": end.digest}), durable=True)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)
