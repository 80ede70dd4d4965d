"""Locks on files: one process at a time, the others wait and are told for whom.

A `flock`, because the system drops it when its holder dies, whatever the cause: a killed process blocks nobody. The
file says who holds the lock.
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
    """Somebody else holds the lock; the message says who."""


@contextmanager
def hold(
    path: Path,
    doing: str,
    *,
    on_wait: Callable[[str], None] = lambda _holder: None,
    wait_seconds: float = math.inf,
    refuse: Callable[[str], Exception] = LockHeldError,
) -> Iterator[None]:
    """Hold the lock of a file, which is made with its folders where it is missing.

    Args:
        path: The file.
        doing: What is going to be done, for those who wait meanwhile.
        on_wait: Told once who has to be waited for.
        wait_seconds: How long to wait.
        refuse: Makes the error for a wait that was in vain, of the holder.
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
def hold_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock of a file unless somebody else does; says which."""
    lock = _try(path)
    try:
        yield lock is not None
    finally:
        if lock:
            lock.close()


def _try(path: Path) -> IO[str] | None:
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its holder may remove the file; whoever had it open then has a lock that nobody else sees.
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
