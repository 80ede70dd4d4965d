"""What the user sees while the bootstrap works: on stderr, a line for each step, and regular ones during long steps.

Standard output stays free for `env`, whose output is evaluated by a shell.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tools.bootstrap.remaining_time import RemainingTime

Report = Callable[[str], None]
"""Takes one line about what is being done."""

SIGN_OF_LIFE_SECONDS = 20.0


def say(text: str) -> None:
    """Print one line for the user."""
    print(text, file=sys.stderr, flush=True)


def elapsed(seconds: float) -> str:
    """Write a duration: `0.4 s`, `12 s`, `4 min 05 s`."""
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class StepProgress:
    """Progress of one step: `[2/7] Pulumi CLI: …`, with the time since its start and an estimate for the whole run."""

    def __init__(
        self, number: int, total: int, title: str, *, out: Report = say, remaining: RemainingTime | None = None
    ) -> None:
        self.remaining = remaining or RemainingTime()
        self._label = f"[{number}/{total}] {title}"
        self._out = out
        self._began = time.monotonic()
        self._doing = "working"

    def report(self, doing: str) -> None:
        """Print what is being done now."""
        self._doing = doing
        self._out(f"{self._label}: {doing}")

    def done(self, how: str) -> None:
        """Print that the step is finished."""
        self._out(f"{self._label}: {how} ({self._times()})")

    @contextmanager
    def signs_of_life(self, every: float = SIGN_OF_LIFE_SECONDS) -> Iterator[None]:
        """Repeat regularly what is being done, as long as the block runs."""
        ended = threading.Event()

        def repeat() -> None:
            while not ended.wait(every):
                self._out(f"{self._label}: {self._doing} … {self._times()}")

        thread = threading.Thread(target=repeat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _times(self) -> str:
        left = str(self.remaining)
        return f"{elapsed(self._seconds())}; {left}" if left else elapsed(self._seconds())

    def _seconds(self) -> float:
        return time.monotonic() - self._began
