"""Keeps the login of a running job to the key vault valid: a token lasts an hour, a job may run for days."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from infra.errors import EngineUnreachableError, MlWorkspaceError, ServiceUnreachableError

SECONDS = 1200.0
"""A third of the life of a token: a key vault that does not respond for a while costs no login."""

RETRY_SECONDS = 60.0


@contextmanager
def renewing(
    renew: Callable[[], None], note: Callable[[str], None], *, started: str, seconds: float | None = None
) -> Iterator[None]:
    """Renew regularly inside the block.

    Args:
        renew: Extends the login.
        note: Called with the reason if that is rejected; it is not tried again.
        started: When the job started, ISO 8601; a runner that continues it is late.
        seconds: How often; :data:`SECONDS` by default.
    """
    done, pause = threading.Event(), SECONDS if seconds is None else seconds
    passed = (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds()

    def work() -> None:
        wait = max(0.0, pause - passed)
        while not done.wait(wait):
            try:
                renew()
                wait = pause
            except (ServiceUnreachableError, EngineUnreachableError):
                wait = min(RETRY_SECONDS, pause)
            except MlWorkspaceError as exc:
                note(f"the login of the job to the key vault ends: {exc}")
                return

    thread = threading.Thread(target=work, daemon=True, name="login renewal")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
