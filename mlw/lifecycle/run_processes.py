"""Stops processes that a killed run has left.

Processes of a run are found by an environment variable that every run sets to its stack: the plugins of a killed pulumi
live on for minutes, and could create objects after the engine was checked.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from infra.host import processes

RUN_VARIABLE = "MLW_RUN"
"""Set to `Context.run` in the environment of every command that changes a stack."""

END_GRACE_SECONDS = 5.0


def of_run(owner: str) -> list[int]:
    """Ids of this user's processes that belong to a run on a stack, except the calling process and its parents."""
    marker = f"{RUN_VARIABLE}={owner}".encode()
    ours = processes.lineage(os.getpid())
    found = []
    for folder in processes.PROC.glob("[0-9]*"):
        pid = int(folder.name)
        with contextlib.suppress(OSError):
            if pid not in ours and marker in (folder / "environ").read_bytes().split(b"\0") and processes.find(pid):
                found.append(pid)
    return found


def end(pids: list[int], *, grace_seconds: float = END_GRACE_SECONDS) -> None:
    """Terminate processes and wait for them; kill those that do not end in time."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
        deadline = time.monotonic() + grace_seconds
        while any(processes.find(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.02)
        pids = [pid for pid in pids if processes.find(pid)]
        if not pids:
            return
