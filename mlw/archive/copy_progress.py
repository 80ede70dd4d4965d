"""Progress of copying: lines on standard error, more often on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from mlw import command_progress
from mlw.lifecycle import display


def say(text: str) -> None:
    """Print progress to standard error; standard output is for the result."""
    display.show(text, sys.stderr)


class Copied:
    """Says how much has been copied, at most every few seconds."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._said = time.monotonic()

    def __call__(self, size: int) -> None:
        """Say that this many bytes have been copied."""
        if time.monotonic() - self._said >= command_progress.interval():
            say(f"  {self._label}: {size / 2**20:.1f} MiB so far")
            self._said = time.monotonic()


def counted(chunks: Iterator[bytes], label: str) -> Iterator[bytes]:
    """Pass on chunks, and say how much it was so far."""
    size, copied = 0, Copied(label)
    for chunk in chunks:
        size += len(chunk)
        copied(size)
        yield chunk
