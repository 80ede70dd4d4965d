"""The lock of the process that carries out the jobs of a workspace: who holds it, and ending the holder.

One process for each workspace holds the lock in the home's folder. The system releases a lock with the process that
holds it, so a killed runner is noticed by the next command on jobs, which starts another one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from infra.host import file_locks, folders

_FOLDER = "jobs"
_POLL_SECONDS = 0.1


def path_of(home: Path, stack_id: str) -> Path:
    """The file of the lock of a stack."""
    return home / _FOLDER / f"{stack_id}.lock"


def log_of(lock: Path) -> Path:
    """The log of the process that holds a lock."""
    return lock.with_suffix(".log")


@contextlib.contextmanager
def holding(path: Path) -> Iterator[bool]:
    """Hold the lock, if no other process does; the file names this process."""
    folders.private_folder(path.parent)
    with file_locks.hold_if_free(path, str(os.getpid())) as held:
        yield held


def holder(path: Path) -> int | None:
    """The process that holds the lock, 0 if it has just taken it; None if it is free."""
    text = file_locks.holder(path)
    if text is None:
        return None
    return int(text) if text.isdigit() else 0


def end(path: Path, *, wait_seconds: float) -> bool:
    """Ask the holder of a lock to cancel its jobs and end; kill it if it does not. Whether there was one."""
    process = holder(path)
    if process is None:
        return False
    give_up = time.monotonic() + wait_seconds
    _signal(process, signal.SIGTERM)
    while (process := holder(path)) is not None:
        if time.monotonic() >= give_up:
            _signal(process, signal.SIGKILL)
            give_up += wait_seconds
        time.sleep(_POLL_SECONDS)
    return True


def _signal(process: int, number: signal.Signals) -> None:
    if process:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)
