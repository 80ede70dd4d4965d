"""`mlw diagnose --fix`: makes containers run again, and does nothing that could lose data.

Volumes and states are never touched. Where a volume is missing nothing is started, because the engine could make an
empty one. While another command works on the stack nothing is started either.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from infra.clients.engine import docker_engine
from mlw.command import PROGRAM
from mlw.diagnosis.findings import Finding
from mlw.lifecycle import stack_locks
from mlw.lifecycle.display import show
from mlw.stacks.stacks import Stack

READY_SECONDS = 30.0
"""How long services may take to become ready after a fix."""

_POLL_SECONDS = 0.5

_OBSTACLES = frozenset({"VolumeMissing", "OperationRunning", "LockedElsewhere", "WorkspaceSoftDeleted"})
"""Findings with which nothing is started."""


def repair(stack: Stack, found: Sequence[Finding], *, look_again: Callable[[], list[Finding]]) -> list[Finding]:
    """Fix what can be fixed, and return what is left.

    Args:
        stack: The stack.
        found: What is wrong with it.
        look_again: Runs the checks.

    Raises:
        StackBusyError: Another command is working on the stack.
        EngineUnreachableError: The engine does not respond.
    """
    obstacles = sorted({finding.code for finding in found} & _OBSTACLES)
    wanted = dict.fromkeys(finding.repair for finding in found if finding.repair)
    if obstacles or not wanted:
        _say(f"nothing was fixed: {', '.join(obstacles) or 'no finding has a fix that is known to be safe'}.")
        return list(found)
    stack.context.prepare_folders()
    with stack_locks.exclusive(stack.context, "mlw diagnose --fix", say=_say):
        for one in wanted:
            docker_engine.make_running(one.container, one.verb)
            _say(f"fixed: docker {one.verb} {one.container}")
    return _until_ready(look_again)


def _until_ready(look_again: Callable[[], list[Finding]]) -> list[Finding]:
    deadline = time.monotonic() + READY_SECONDS
    while (left := look_again()) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return left


def _say(text: str) -> None:
    show(f"{PROGRAM}: {text}", sys.stderr)
