"""The lock of an endpoint on this machine: one process of `mlw` at a time changes its containers.

The system releases a lock with the process that holds it. The file says whether a change has begun and not ended, so
the next process sees that one was killed in between.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from infra.host import folders
from mlw.online_endpoints.endpoint_errors import EndpointError

_FOLDER = "online-endpoints"
_BEGUN = "changing"


def path_of(home: Path, stack_id: str, endpoint: str) -> Path:
    """The file of the lock of an endpoint."""
    return home / _FOLDER / f"{stack_id}-{endpoint.lower()}.lock"


@contextlib.contextmanager
def holding(path: Path, say: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """Hold the lock; wait for another process that does."""
    folders.private_folder(path.parent)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another command that changes this endpoint")
            fcntl.flock(lock, fcntl.LOCK_EX)
        with _changing(lock):
            yield


@contextlib.contextmanager
def trying(path: Path) -> Iterator[bool]:
    """Hold the lock, if no other process does."""
    folders.private_folder(path.parent)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        with _changing(lock):
            yield True


@contextlib.contextmanager
def _changing(lock: IO[str]) -> Iterator[None]:
    """Mark the beginning of a change, and its end unless this process is killed or fails unexpectedly."""
    _write(lock, _BEGUN)
    try:
        yield
    except EndpointError:  # nothing has begun, or what has is taken back
        _write(lock, "")
        raise
    _write(lock, "")


def _write(lock: IO[str], text: str) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(text)
    lock.flush()


def was_interrupted(path: Path) -> bool:
    """Whether a change of the endpoint has begun and not ended; also while one is being made."""
    try:
        return bool(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return False


def forget(home: Path, stack_id: str) -> None:
    """Remove the files of a stack's locks, with the stack."""
    for file in (home / _FOLDER).glob(f"{stack_id}-*.lock"):
        file.unlink(missing_ok=True)
