"""Processes that cannot be mistaken for a later one of the same id: ids are used again, start times are not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

PROC = Path("/proc")
GONE = frozenset({"Z", "X"})
"""States of a process that has ended and only waits to be collected."""

CLOCK_SLACK_SECONDS = 2.0
"""A lock is written after its owner started; two clocks are compared, each with its own rounding."""


@dataclass(frozen=True)
class Process:
    """One certain process, until the machine is booted again."""

    pid: int
    started: int
    """In the system's clock ticks since it was booted."""

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return find(self.pid) == self


def find(pid: int) -> Process | None:
    """The living process of an id; None when there is none, or only its unreaped remains."""
    fields = _fields(pid)
    return Process(pid, int(fields[19])) if fields and fields[0] not in GONE else None


def program_of(pid: int) -> str:
    """The name of the program that runs as a process; empty when there is no such process."""
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def arguments_of(pid: int) -> list[str]:
    """The command line of a process; empty when there is no such process, or the system does not tell."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def started_at(pid: int) -> float | None:
    """When a living process started, in seconds since the epoch."""
    found = find(pid)
    try:
        boot = next(line for line in (PROC / "stat").read_text().splitlines() if line.startswith("btime"))
    except (OSError, StopIteration):
        return None
    return int(boot.split()[1]) + found.started / os.sysconf("SC_CLK_TCK") if found else None


def is_alive(pid: int, *, since: datetime) -> bool:
    """Whether the process that had this id at that time is still alive.

    Where the system does not tell start times, any process of that id counts: a lock that is cleared wrongly costs
    more than one that the user has to clear.
    """
    if not PROC.joinpath("self", "stat").exists():
        return _exists(pid)
    start = started_at(pid)
    return start is not None and start <= since.timestamp() + CLOCK_SLACK_SECONDS


def lineage(pid: int) -> list[int]:
    """A process with its parents, up to the first."""
    found: list[int] = []
    while pid > 0 and pid not in found:
        found.append(pid)
        fields = _fields(pid)
        pid = int(fields[1]) if fields else 0
    return found


def _fields(pid: int) -> list[str]:
    """What the system says of a process, from its state on; empty when it is gone."""
    try:
        # The program's name stands in brackets and may hold anything, also spaces and brackets.
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
