"""What the workers of a test run share: the engine's earlier contents, one folder, and how they are stopped.

An interrupt (Ctrl-C) lets every worker finish its current test and clean up; a second one ends them at
once. Without this, pytest-xdist gives interrupted workers seconds, and workspaces stay behind.
"""

import os
import signal
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from xdist.workermanage import WorkerController


def input_of(config: pytest.Config) -> dict[str, Any] | None:
    """Return what the run has told this worker; None outside of workers."""
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    return given


def run_folder(config: pytest.Config, base: Path) -> Path:
    """Return the folder of the whole run, given that of this process."""
    return base if input_of(config) is None else base.parent


def stop_after_current_test(session: pytest.Session) -> None:
    """Let an interrupt end this worker after the current test instead of during it."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        session.shouldstop = "interrupted"

    signal.signal(signal.SIGINT, stop)


def stop_all(workers: list[WorkerController]) -> None:
    """Stop workers after their current tests, and wait until they have ended."""
    running = [worker for worker in workers if not worker.channel.isclosed()]
    for worker in running:
        os.kill(worker.gateway._rinfo().pid, signal.SIGINT)
        worker.shutdown()
    for worker in running:
        worker.channel.waitclose()
