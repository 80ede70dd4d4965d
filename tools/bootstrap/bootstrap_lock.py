"""One bootstrap at a time for each cache: a second run waits and says for whom.

A `flock`, because the system drops it when its holder dies, whatever the cause: a killed run blocks nobody.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.host import folders
from tools.bootstrap.progress import Report, elapsed, say

LOCK = "bootstrap.lock"
POLL_SECONDS = 0.1


@contextmanager
def exclusive(*, out: Report = say) -> Iterator[None]:
    """Hold the lock of this cache; wait without a limit for another run, which may be building for minutes."""
    path = folders.private_folder(folders.cache()) / LOCK
    with path.open("a+") as lock:
        if not _try(lock):
            _wait(lock, path, out)
        lock.seek(0)
        lock.truncate()
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


@contextmanager
def if_free() -> Iterator[bool]:
    """Hold the lock, unless another run has it; says which."""
    path = folders.private_folder(folders.cache()) / LOCK
    with path.open("a+") as lock:
        yield _try(lock)


def _wait(lock: IO[str], path: Path, out: Report) -> None:
    began = time.monotonic()
    holder = path.read_text() or "another process"
    out(f"waiting for another run of the bootstrap ({holder}) to finish")
    while not _try(lock):
        time.sleep(POLL_SECONDS)
    out(f"the other run has finished after {elapsed(time.monotonic() - began)}; going on")


def _try(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
