"""When an instance is idle: nothing runs, nobody runs something, and nobody changes something.

Activity is a busy kernel, output or input of a terminal, and every request that is not a mere reading one: an open page
reads lists every few seconds for as long as the browser is open, and would keep a forgotten instance running.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

END_SECONDS = 15.0
"""How long kernels may take to end, and threads that wait for a service: longer than Jupyter gives a kernel."""

_LOG = logging.getLogger("instance")
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


@dataclass(kw_only=True, slots=True)
class IdleStop:
    """Stops an instance that is idle, once, in limited time.

    Attributes:
        activity: Its activity.
        limit: The idle time in seconds; 0 for never.
        stop: Begins to end the server.
        end: Ends the process with a code, whatever still waits: a request to a service that does not respond may take
            minutes.
    """

    activity: Activity
    limit: Callable[[], int]
    stop: Callable[[], None]
    end: Callable[[int], object] = os._exit
    _is_stopping: bool = False

    def check(self) -> None:
        """Stop if it is idle. Waits for nothing."""
        limit = self.limit()
        if self._is_stopping or not limit or self.activity.idle_seconds() < limit:
            return
        self._is_stopping = True
        _LOG.warning("idle for %d s: the instance stops", limit)
        last = threading.Timer(END_SECONDS, self.end, (0,))
        last.daemon = True
        last.start()
        self.stop()


def _moment(one: Any) -> dt.datetime:  # noqa: ANN401 - of a kernel or a terminal
    """Last activity; a terminal that has had none yet is as old as the hills."""
    found = getattr(one, "last_activity", None)
    return found if isinstance(found, dt.datetime) else dt.datetime.min.replace(tzinfo=dt.UTC)
