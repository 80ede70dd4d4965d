"""Processes: is the owner of a lock still alive, and what did a killed run leave running?

A process id alone proves nothing, since ids are used again; the start time tells the owner from a later process of the
same id. Processes of a run are found by a variable in their environment that every run sets to its own stack: the
plugins of a killed pulumi live on for minutes, and what they were creating would appear after it was looked for.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from datetime import datetime
from pathlib import Path

RUN_VARIABLE = "MLW_RUN"
"""Set to `Context.owner` in the environment of every command that changes a stack."""

CLOCK_SLACK_SECONDS = 2.0
"""A lock is written after its owner started; two clocks are compared, each with its own rounding."""

END_GRACE_SECONDS = 5.0

PROC = Path("/proc")


def started_at(pid: int) -> float | None:
    """When a process started, in seconds since the epoch; None when there is none, or only its unreaped remains."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        boot = next(line for line in (PROC / "stat").read_text().splitlines() if line.startswith("btime"))
    except (OSError, StopIteration):
        return None
    if fields[0] in {"Z", "X"}:
        return None
    return int(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def is_alive(pid: int, *, since: datetime) -> bool:
    """Whether the process that had this id at that time is still alive.

    Where the system does not tell start times, any process of that id counts: a lock that is cleared wrongly costs
    more than one that the user has to clear.
    """
    if not PROC.joinpath("self", "stat").exists():
        return _exists(pid)
    start = started_at(pid)
    return start is not None and start <= since.timestamp() + CLOCK_SLACK_SECONDS


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def of_run(owner: str) -> list[int]:
    """Ids of this user's processes that belong to a run on a stack, the calling process and its parents left out."""
    marker = f"{RUN_VARIABLE}={owner}".encode()
    ours = _lineage(os.getpid())
    found = []
    for folder in PROC.glob("[0-9]*"):
        pid = int(folder.name)
        with contextlib.suppress(OSError):
            if pid not in ours and marker in (folder / "environ").read_bytes().split(b"\0") and started_at(pid):
                found.append(pid)
    return found


def _lineage(pid: int) -> set[int]:
    lineage: set[int] = set()
    while pid > 0 and pid not in lineage:
        lineage.add(pid)
        try:
            pid = int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
    return lineage


def end(pids: list[int], *, grace_seconds: float = END_GRACE_SECONDS) -> None:
    """End processes and wait until they are gone; those that do not go in time are killed."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
        deadline = time.monotonic() + grace_seconds
        while any(started_at(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.02)
        pids = [pid for pid in pids if started_at(pid)]
        if not pids:
            return
