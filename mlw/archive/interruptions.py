"""Makes commands end in order on every signal: what they began is undone on the way out."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from mlw.lifecycle.pulumi_cli import INTERRUPTIONS


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Treat SIGHUP and SIGTERM like Ctrl-C, which unwinds blocks one by one."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, interrupt) for number in INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
