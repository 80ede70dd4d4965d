"""Progress of a command that prints nothing while it works: what it does and for how long, on standard error.

On a terminal one line, after two seconds, that is overwritten and removed at the end. Elsewhere a plain line at a low
rate, so that a log shows that something happens.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

QUIET_SECONDS = 2.0
"""How long a command on a terminal may take without progress."""

REFRESH_SECONDS = 0.5
PLAIN_SECONDS = 30.0
"""Between two lines where standard error is no terminal; the first one comes after the same time."""

_CLEAR = "\r\x1b[K"


def interval() -> float:
    """Seconds between two lines of progress about the same thing."""
    return QUIET_SECONDS if _is_terminal(sys.stderr) else PLAIN_SECONDS


@contextmanager
def showing(text: str) -> Iterator[None]:
    """Show progress while the block runs.

    Args:
        text: What is being done, e.g. ``collecting garbage``.
    """
    stream, ended = sys.stderr, threading.Event()
    if stream is None:
        yield
        return
    ticker = threading.Thread(target=_tick, args=(text, stream, ended), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        ended.set()
        ticker.join()


def _tick(text: str, stream: TextIO, ended: threading.Event) -> None:
    started, is_terminal = time.monotonic(), _is_terminal(stream)
    pause = QUIET_SECONDS if is_terminal else PLAIN_SECONDS
    shown = False
    while not ended.wait(pause):
        seconds = f"{text} ... {time.monotonic() - started:.0f} s"
        # The cursor is left at the start of the line: a message of the command overwrites it.
        if not _write(stream, f"{_CLEAR}{seconds}\r" if is_terminal else f"{seconds}\n"):
            return
        shown, pause = True, REFRESH_SECONDS if is_terminal else PLAIN_SECONDS
    if shown and is_terminal:
        _write(stream, _CLEAR)


def _write(stream: TextIO, text: str) -> bool:
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):
        return False
    return True


def _is_terminal(stream: TextIO | None) -> bool:
    return bool(stream and stream.isatty())
