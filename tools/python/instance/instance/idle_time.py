"""When an instance is idle: nothing runs, nobody runs something, and nobody changes something.

Activity is a busy kernel, output or input of a terminal, and every request that is not a mere reading one: an open page
reads lists every few seconds for as long as the browser is open, and would keep a forgotten instance running.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

READING = frozenset({"GET", "HEAD", "OPTIONS"})
PAGES = ("/lab", "/tree", "/login/once")
"""Reading requests that are a person's: opening a page."""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(kw_only=True, slots=True)
class Activity:
    """The last activity of an instance.

    Attributes:
        kernels: The kernels, each with `execution_state` and `last_activity`.
        terminals: The terminals, each with `last_activity`.
        now: The clock.
    """

    kernels: Callable[[], Iterable[Any]]
    terminals: Callable[[], Iterable[Any]]
    now: Callable[[], dt.datetime] = _now
    last: dt.datetime = field(default_factory=_now)

    def note_request(self, method: str, path: str) -> None:
        """Take a request into account."""
        if method not in READING or path.startswith(PAGES):
            self.last = self.now()

    def idle_seconds(self) -> float:
        """Seconds since the last activity; 0 while a kernel is busy."""
        for kernel in self.kernels():
            if getattr(kernel, "execution_state", "") == "busy":
                self.last = self.now()
        moments = [self.last, *(_moment(one) for one in (*self.kernels(), *self.terminals()))]
        return (self.now() - max(moments)).total_seconds()


def _moment(one: Any) -> dt.datetime:  # noqa: ANN401 - of a kernel or a terminal
    """Last activity; a terminal that has had none yet is as old as the hills."""
    found = getattr(one, "last_activity", None)
    return found if isinstance(found, dt.datetime) else dt.datetime.min.replace(tzinfo=dt.UTC)
