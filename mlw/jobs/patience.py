"""Waits for a service or the engine that does not respond for a while, e.g. while an update restarts it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from infra.errors import EngineUnreachableError, ServiceUnreachableError

SECONDS = 300.0
_PAUSE_SECONDS = 1.0

Result = TypeVar("Result")


def patiently(
    action: Callable[[], Result],
    *,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Result:
    """Do something that can be repeated, until it succeeds or fails for another reason.

    Args:
        action: What to do.
        seconds: How long the service may not respond.
        clock: Seconds of a clock.
        pause: Waits so many seconds.

    Raises:
        ServiceUnreachableError: The service does not respond any more.
        EngineUnreachableError: Likewise the engine.
    """
    give_up = clock() + seconds
    while True:
        try:
            return action()
        except (ServiceUnreachableError, EngineUnreachableError):
            if clock() >= give_up:
                raise
            pause(_PAUSE_SECONDS)
