"""Ends the jobs of a workspace that is taken down: canceled, their containers and volumes removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mlw.jobs import runner_lock
from mlw.lifecycle.object_comparison import EngineObject, describe

WAIT_SECONDS = 40.0
"""How long the runner may take: its jobs have ten seconds after SIGTERM, and their results are stored."""


def end(
    lock: Path,
    found: Callable[[], Sequence[EngineObject]],
    remove: Callable[[Iterable[EngineObject]], None],
    say: Callable[[str], None],
) -> None:
    """Cancel the jobs that run, and remove what is left of them.

    Args:
        lock: Lock of the runner.
        found: Lists the stack's objects.
        remove: Removes objects.
        say: Called with messages.
    """
    if runner_lock.holder(lock) is not None:
        say("Canceling the jobs that run.")
        runner_lock.end(lock, wait_seconds=WAIT_SECONDS)
    left = [one for one in found() if one.is_of_job]
    if left:
        say(f"Removing what jobs left: {describe(left)}.")
        remove(left)
