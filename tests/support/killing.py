"""Kills a run after a certain step: a step is one operation on a resource, according to the engine's events."""

import json
import subprocess
from contextlib import suppress
from typing import Any

from tests.support.processes import kill_session
from tests.support.stacks import Stack
from tests.support.updates import UNCHANGED


def is_step(line: str) -> bool:
    """Return whether a line of ``pulumi ... --json`` reports that a resource was created, changed or deleted."""
    with suppress(ValueError):
        event: dict[str, Any] = json.loads(line)
        done: dict[str, Any] = event.get("resOutputsEvent") or {}
        return bool(done) and done["metadata"]["op"] not in UNCHANGED
    return False


def kill_after(stack: Stack, verb: str, step: int) -> bool:
    """Start a plain Pulumi command and kill it and its children after its n-th step.

    Returns:
        Whether it reached that step; otherwise it has ended by itself.
    """
    running = stack.start(verb, "--yes", "--skip-preview", "--json")
    reached = _await_step(running, step)
    if reached:
        kill_session(running.pid)
    running.communicate()
    return reached


def _await_step(running: subprocess.Popen[str], step: int) -> bool:
    assert running.stdout is not None
    done = 0
    for line in running.stdout:
        done += is_step(line)
        if done == step:
            return True
    return False
