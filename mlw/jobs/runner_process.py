"""The process that carries out the jobs of a workspace: started when there is work, and ended without.

One process for each workspace holds the lock in the home's folder. The system releases a lock with the process that
holds it, so a killed runner is noticed by the next command on jobs, which starts another one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from infra.host import folders, project
from mlw.jobs.job_errors import JobError
from mlw.jobs.job_workspace import JobWorkspace

IDLE_SECONDS = 15.0
"""How long a runner without work waits for more: starting one takes a second."""

_POLL_SECONDS = 0.1
_LOG_BYTES = 1 << 20
_SHOWN_LINES = 10


@contextlib.contextmanager
def holding(path: Path) -> Iterator[bool]:
    """Hold the lock, if no other process does; the file names this process."""
    folders.private_folder(path.parent)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        _write(lock, str(os.getpid()))
        try:
            yield True
        finally:
            _write(lock, "")


def _write(lock: IO[str], text: str) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(text)
    lock.flush()


def holder(path: Path) -> int | None:
    """The process that holds the lock; None for nobody."""
    try:
        with path.open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = lock.read().strip()
                return int(text) if text.isdigit() else 0
    except FileNotFoundError:
        pass
    return None


def ensure(workspace: JobWorkspace, started: subprocess.Popen[bytes] | None = None) -> subprocess.Popen[bytes] | None:
    """Start a runner unless there is one.

    Jobs that are submitted while a runner ends are not forgotten: it looks at the queue after it has released the lock.

    Args:
        workspace: The workspace.
        started: A runner that this process has started before; it counts while it runs.

    Returns:
        The process that was started.

    Raises:
        JobError: It ended with an error.
    """
    if (started and started.poll() is None) or holder(workspace.lock) is not None:
        return started
    if started and started.returncode:
        last = workspace.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_SHOWN_LINES:]
        raise JobError(
            f"starting the runner of stack '{workspace.stack.name}': it ended with exit code {started.returncode}. "
            "Submitted jobs wait. The end of its log:\n" + "\n".join(last)
        )
    folders.private_folder(workspace.lock.parent)
    command = [sys.executable, "-m", "mlw.jobs", workspace.stack.name]
    with _log(workspace.log) as log:
        return subprocess.Popen(
            command, cwd=project.root(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _log(path: Path) -> IO[bytes]:
    """The runner's own log; it begins again when it is large."""
    is_large = path.is_file() and path.stat().st_size > _LOG_BYTES
    return path.open("wb" if is_large else "ab")


def end(path: Path, *, wait_seconds: float) -> bool:
    """Ask the holder of a lock to cancel its jobs and end; kill it if it does not. Whether there was one."""
    process = holder(path)
    if process is None:
        return False
    give_up = time.monotonic() + wait_seconds
    _signal(process, signal.SIGTERM)
    while holder(path) is not None:
        if time.monotonic() >= give_up:
            _signal(process, signal.SIGKILL)
            give_up += wait_seconds
        time.sleep(_POLL_SECONDS)
    return True


def _signal(process: int, number: signal.Signals) -> None:
    if process:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)
