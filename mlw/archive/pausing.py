"""Containers stand still while their volumes are copied, and go on whatever becomes of the command.

A killed process can resume nothing. So another one, in a session of its own, waits for the end of a pipe that only the
command holds, and resumes the containers then.
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
    """Pause containers for the time of the block.

    Args:
        containers: Ids; stopped ones stay as they are.

    Raises:
        ArchiveError: Somebody resumed one of them meanwhile, so that the copy is not of one moment.
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
            f"copying the volumes: somebody resumed {', '.join(repr(name) for name in running)} meanwhile, so that the "
            "copy is not of one moment. Nothing was kept of it. Run the command again."
        )


@contextmanager
def _resuming_when_killed(containers: Sequence[str]) -> Iterator[None]:
    command = [sys.executable, "-m", "mlw.archive.pausing", *containers]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as watcher:
        try:
            yield
        finally:
            # The end of the pipe; it finds nothing to resume and ends.
            if watcher.stdin:
                watcher.stdin.close()
            watcher.wait()


def main() -> None:
    """Wait until nobody holds the other end of standard input, then resume the containers."""
    sys.stdin.buffer.read()
    pauses.resume(sys.argv[1:])


if __name__ == "__main__":
    main()
