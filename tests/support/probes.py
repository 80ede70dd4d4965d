"""Waits for a condition, with a deadline and an error that says what was awaited.

The only module in the tests that pauses: everything else states a condition and calls these two functions.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class ProbeTimeoutError(AssertionError):
    """A condition did not become true before its deadline."""


def probe_until(
    probe: Callable[[], T], *, what: str, timeout_seconds: float = 60.0, interval_seconds: float = 0.1
) -> T:
    """Call ``probe`` until it returns without an exception, and return its result."""
    started = time.monotonic()
    attempts = 0
    while True:
        attempts += 1
        try:
            return probe()
        except Exception as exc:
            waited = time.monotonic() - started
            if waited >= timeout_seconds:
                message = f"{what}: not within {timeout_seconds:g} s ({attempts} attempts); last: {exc!r}"
                raise ProbeTimeoutError(message) from exc
        time.sleep(interval_seconds)


def probe_during(probe: Callable[[], None], *, seconds: float, interval_seconds: float = 0.1) -> None:
    """Call ``probe`` repeatedly for a while: it must never raise."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        probe()
        time.sleep(interval_seconds)
