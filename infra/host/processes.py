"""Processes identified by id and start time, because ids are reused."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

PROC = Path("/proc")
GONE = frozenset({"Z", "X"})
"""States of a process that has ended but has not been reaped."""

CLOCK_SLACK_SECONDS = 2.0
"""Tolerance for comparing two clocks with different rounding; a lock is written after its owner started."""


@dataclass(frozen=True)
class Process:
    """One process; unique until the next boot."""

    pid: int
    started: int
    """Start time in clock ticks since boot."""

    @property
    def is_alive(self) -> bool:
        """Whether it is still running."""
        return find(self.pid) == self


def find(pid: int) -> Process | None:
    """The running process with an id; None if there is none, or only a zombie."""
    fields = _fields(pid)
    return Process(pid, int(fields[19])) if fields and fields[0] not in GONE else None


def program_of(pid: int) -> str:
    """Name of a process's program; empty if there is no such process."""
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def arguments_of(pid: int) -> list[str]:
    """Command line of a process; empty if there is no such process or it is not readable."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def started_at(pid: int) -> float | None:
    """Start time of a running process, in seconds since the epoch."""
    found = find(pid)
    try:
        boot = next(line for line in (PROC / "stat").read_text().splitlines() if line.startswith("btime"))
    except (OSError, StopIteration):
        return None
    return int(boot.split()[1]) + found.started / os.sysconf("SC_CLK_TCK") if found else None


def is_alive(pid: int, *, since: datetime) -> bool:
    """Whether the process that had this id at that time is still running.

    If start times are not available, any process with that id counts: wrongly clearing a lock is worse than leaving one
    for the user to clear.
    """
    if not PROC.joinpath("self", "stat").exists():
        return _exists(pid)
    start = started_at(pid)
    return start is not None and start <= since.timestamp() + CLOCK_SLACK_SECONDS


def lineage(pid: int) -> list[int]:
    """The ids of a process and its ancestors."""
    found: list[int] = []
    while pid > 0 and pid not in found:
        found.append(pid)
        fields = _fields(pid)
        pid = int(fields[1]) if fields else 0
    return found


def _fields(pid: int) -> list[str]:
    """Fields of a process's `/proc/<pid>/stat`, starting with its state; empty if it does not exist."""
    try:
        # The program's name is in brackets and may contain any characters, including spaces and brackets.
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
