"""Commands that end in order whatever asks them to: what they began is put back or removed on the way out."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from mlw.lifecycle.pulumi_cli import INTERRUPTIONS


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Treat a hangup and a request to end like Ctrl-C, which ends blocks one by one."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, interrupt) for number in INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
