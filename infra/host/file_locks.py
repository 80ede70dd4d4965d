"""File locks: one process at a time; the others wait and report the holder.

Uses `flock`, which the system releases when the holder ends for any reason, so a killed process blocks no one. The file
names the holder.
"""

from __future__ import annotations

import fcntl
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from infra.host.folders import PRIVATE

POLL_SECONDS = 0.05


class LockHeldError(Exception):
    """Another process holds the lock; the message names it."""


@contextmanager
def hold(
    path: Path,
    doing: str,
    *,
    on_wait: Callable[[str], None] = lambda _holder: None,
    wait_seconds: float = math.inf,
    refuse: Callable[[str], Exception] = LockHeldError,
) -> Iterator[None]:
    """Hold the lock of a file; creates the file and its folders if needed.

    Args:
        path: The file.
        doing: What this process is doing, shown to waiting processes.
        on_wait: Called once with the holder if the lock is held.
        wait_seconds: Timeout.
        refuse: Creates the error after the timeout, from the holder.
    """
    deadline = time.monotonic() + wait_seconds
    path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    told = False
    while (lock := _try(path)) is None:
        if time.monotonic() >= deadline:
            raise refuse(_holder(path))
        if not told:
            on_wait(_holder(path))
            told = True
        time.sleep(POLL_SECONDS)
    with lock:
        lock.truncate(0)
        lock.write(f"{doing} (process {os.getpid()}, since {datetime.now().astimezone():%H:%M:%S})")
        lock.flush()
        try:
            yield
        finally:
            lock.truncate(0)


@contextmanager
def hold_if_free(path: Path, text: str = "") -> Iterator[bool]:
    """Hold the lock of a file if it is free; yields whether it is held.

    Args:
        path: The file.
        text: What it contains while the lock is held.
    """
    lock = _try(path)
    if lock is None:
        yield False
        return
    with lock:
        lock.truncate(0)
        lock.write(text)
        lock.flush()
        try:
            yield True
        finally:
            lock.truncate(0)


@contextmanager
def hold_shared(path: Path) -> Iterator[None]:
    """Hold the lock of a file together with others who share it; :func:`hold` waits for all of them."""
    path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    with path.open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def holder(path: Path) -> str | None:
    """What the file of a held lock contains; None if the lock is free."""
    try:
        with path.open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return lock.read().strip()
    except FileNotFoundError:
        pass
    return None


def _try(path: Path) -> IO[str] | None:
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The holder may remove the file; a lock on the removed file has no effect.
        if os.path.samestat(os.fstat(lock.fileno()), path.stat()):
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    lock.close()
    return None


def _holder(path: Path) -> str:
    try:
        return path.read_text().strip() or "another process"
    except FileNotFoundError:
        return "another process"
