"""Pauses containers while their volumes are copied, and resumes them even if the command is killed.

A killed process cannot resume anything. So a second process, in its own session, waits for the end of a pipe that only
the command holds, and then resumes the containers.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from infra.clients.engine import pauses
from infra.errors import ArchiveError


@contextmanager
def paused(containers: Sequence[str]) -> Iterator[None]:
    """Pause containers for the duration of the block.

    Args:
        containers: Ids; stopped ones stay as they are.

    Raises:
        ArchiveError: One of them was resumed meanwhile, so the copy is inconsistent.
    """
    with _resuming_when_killed(containers):
        try:
            pauses.pause(containers)
            yield
            running = pauses.resumed(containers)
        finally:
            pauses.resume(containers)
    if running:
        raise ArchiveError(
            f"copying the volumes: {', '.join(repr(name) for name in running)} was resumed meanwhile, so the copy is "
            "inconsistent and was discarded. Run the command again."
        )


@contextmanager
def _resuming_when_killed(containers: Sequence[str]) -> Iterator[None]:
    command = [sys.executable, "-m", "mlw.archive.pausing", *containers]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as watcher:
        try:
            yield
        finally:
            # The end of the pipe: nothing is left to resume, so the process exits.
            if watcher.stdin:
                watcher.stdin.close()
            watcher.wait()


def main() -> None:
    """Wait until the other end of standard input is closed, then resume the containers."""
    sys.stdin.buffer.read()
    pauses.resume(sys.argv[1:])


if __name__ == "__main__":
    main()
