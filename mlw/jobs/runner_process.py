"""Starts the process that carries out the jobs of a workspace, when there is work; it ends without.

It has none of the caller's variables but those that say where the project, its state and the engine are: a job's
result does not depend on who submitted it, or from where.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from infra.host import folders, project
from mlw.jobs import runner_lock
from mlw.jobs.job_errors import JobError

if TYPE_CHECKING:
    from mlw.stacks.stacks import Stack

IDLE_SECONDS = 15.0
"""How long a runner without work waits for more: starting one takes a second."""

_LOG_BYTES = 1 << 20
_SHOWN_LINES = 10
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSH_AUTH_SOCK")
_KEPT_BEGINNINGS = ("MLW_", "PULUMI_", "DOCKER_", "XDG_", "LC_", "PYTHON")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


def lock_of(stack: Stack) -> Path:
    """Lock that the runner of a stack holds, by the stack's identity."""
    return runner_lock.path_of(stack.context.home, stack.stack_id)


def ensure(stack: Stack, started: subprocess.Popen[bytes] | None = None) -> subprocess.Popen[bytes] | None:
    """Start a runner unless there is one.

    Jobs that are submitted while a runner ends are not forgotten: it looks at the queue after it has released the lock.

    Args:
        stack: The stack.
        started: A runner that this process has started before; it counts while it runs.

    Returns:
        The process that was started.

    Raises:
        JobError: It ended with an error.
    """
    lock = lock_of(stack)
    if (started and started.poll() is None) or runner_lock.holder(lock) is not None:
        return started
    log = runner_lock.log_of(lock)
    if started and started.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_SHOWN_LINES:]
        raise JobError(
            f"starting the runner of stack '{stack.name}': it ended with exit code {started.returncode}. "
            "Submitted jobs wait. The end of its log:\n" + "\n".join(last)
        )
    folders.private_folder(lock.parent)
    with _log(log) as output:
        return subprocess.Popen(
            [sys.executable, "-m", "mlw.jobs", stack.name],
            cwd=project.root(),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def environment() -> dict[str, str]:
    """The variables of a runner."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_KEPT_BEGINNINGS) or name.lower() in _PROXIES
    }


def _log(path: Path) -> IO[bytes]:
    """The runner's own log; it begins again when it is large."""
    is_large = path.is_file() and path.stat().st_size > _LOG_BYTES
    return path.open("wb" if is_large else "ab")
