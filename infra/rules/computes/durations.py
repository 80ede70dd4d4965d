"""ISO 8601 durations in days, hours, minutes and seconds, as Azure writes them."""

from __future__ import annotations

import re

_DURATION = re.compile(
    r"P(?!$)(?:(?P<days>\d{1,4})D)?(?:T(?!$)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.ASCII,
)
_SECONDS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


def duration_seconds(text: str) -> int | None:
    """Seconds of an ISO 8601 duration in days, hours, minutes and seconds; None if it is none."""
    found = _DURATION.fullmatch(text)
    return sum(int(found[unit] or 0) * seconds for unit, seconds in _SECONDS.items()) if found else None


def duration_of(seconds: int) -> str:
    """The ISO 8601 duration of some seconds, as Azure writes it."""
    return f"PT{seconds}S"
