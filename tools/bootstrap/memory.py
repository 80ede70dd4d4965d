"""How much memory a build may use. The Go toolchain needs a fifth less time where it need not collect garbage."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tools.bootstrap import disk

MEMINFO = Path("/proc/meminfo")
CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
SHARE = 0.75
"""The part of the available memory that a build may use; the rest is for other programs."""
ENOUGH = disk.GIB
"""What one process of a build needs to be faster without garbage collection than with it."""


def go_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Switch off Go's garbage collection where memory allows, up to a limit for each process.

    A build runs one compiler for each processor, and the `go` command. A process that reaches its limit collects
    garbage again. Settings of the user stay.
    """
    free = available()
    if free is None or {"GOGC", "GOMEMLIMIT"} & set(environment):
        return {}
    limit = int(free * SHARE / (processors() + 1))
    return {"GOGC": "off", "GOMEMLIMIT": str(limit)} if limit >= ENOUGH else {}


def available() -> int | None:
    """Bytes that new processes can get without swapping; None on a system that does not tell."""
    try:
        fields = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
        free = int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return None
    return min([free, *_container_limits()])


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _container_limits() -> list[int]:
    found = []
    for file in CONTAINER_LIMITS:
        try:
            found.append(int(file.read_text()))
        except (OSError, ValueError):  # there is none, or it says "max"
            continue
    return found
