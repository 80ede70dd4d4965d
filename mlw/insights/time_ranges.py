"""The time range of a query, from the options that `az monitor app-insights` has: offset, start time, end time.

A range is never made smaller: options that contradict each other are an error. A time without a zone is UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra.errors import MlWorkspaceError

DEFAULT = timedelta(hours=24)
BINS = 60
"""Bins of a range; one more if it does not start with a bin."""
_BINS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
"""Widths of bins in seconds that people read easily."""

_SHORT = re.compile(r"(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?", re.I)
_ISO = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.I,
)


class TimeRangeError(MlWorkspaceError):
    """A time range cannot be understood."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A time range; the end is not part of it."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end - self.start).total_seconds()

    @property
    def bin_seconds(self) -> int:
        """Width of bins of which about 60 make up the range; at least one second, whole days for long ranges."""
        wanted = self.seconds / BINS
        return next((width for width in _BINS if width >= wanted), _BINS[-1] * -int(-wanted // _BINS[-1]))

    def bins(self) -> list[datetime]:
        """Start of every bin, as `time_bucket` aligns them; a query returns only bins that have rows."""
        width = self.bin_seconds
        first = _ORIGIN + timedelta(seconds=(self.start - _ORIGIN).total_seconds() // width * width)
        count = -int(-(self.end - first).total_seconds() // width)
        return [first + timedelta(seconds=width * number) for number in range(count)]

    def __str__(self) -> str:
        """Both ends in UTC, and the length."""
        return f"{format_time(self.start)} to {format_time(self.end)} ({format_length(self.end - self.start)})"


_ORIGIN = datetime(2000, 1, 3, tzinfo=UTC)
"""DuckDB aligns bins to this Monday."""


def time_range(
    *, offset: str | None = None, start: str | None = None, end: str | None = None, now: datetime | None = None
) -> TimeRange:
    """Make a range of options: at most two of three, as in `az`; by default the last 24 hours.

    Args:
        offset: Length, e.g. ``1h``, ``2d``, ``1d12h``, ``PT1H``.
        start: Start; without an end, the range ends the offset later, or now.
        end: End, by default now.
        now: The present time.

    Raises:
        TimeRangeError: A value cannot be understood, or the range has no length.
    """
    present = now or datetime.now(UTC)
    if offset and start and end:
        raise TimeRangeError("reading the time range: --start-time, --end-time and --offset are given. Leave one out.")
    length = parse_offset(offset) if offset else None
    first = parse_time("--start-time", start) if start else None
    last = parse_time("--end-time", end) if end else None
    if first is None:
        last = last or present
        first = last - (length or DEFAULT)
    elif last is None:
        last = first + length if length else present
    if last <= first:
        raise TimeRangeError(
            f"reading the time range: it ends at {format_time(last)}, which is not after its start, "
            f"{format_time(first)}. Choose an earlier --start-time or a later --end-time."
        )
    return TimeRange(first, last)


def parse_offset(text: str) -> timedelta:
    """Read a length of time.

    Raises:
        TimeRangeError: It is none, or zero.
    """
    found = _SHORT.fullmatch(text.strip()) or _ISO.fullmatch(text.strip())
    amounts = {unit: int(amount) for unit, amount in found.groupdict().items() if amount} if found else {}
    try:
        length = timedelta(**amounts)
        datetime.now(UTC) - length
    except OverflowError:
        length = timedelta()
    if not length:
        raise TimeRangeError(f"reading --offset '{text}': not a length of time. Write e.g. 30m, 1h, 2d, 1d12h or PT1H.")
    return length


def parse_time(option: str, text: str) -> datetime:
    """Read a time, ISO 8601; UTC unless it has a zone.

    Raises:
        TimeRangeError: It is none.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as exc:
        raise TimeRangeError(
            f"reading {option} '{text}': not a time. Write e.g. 2026-11-29, 2026-11-29T21:30 (UTC) or "
            "2026-11-29T21:30:00+01:00."
        ) from exc
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def format_time(moment: datetime) -> str:
    """Write a time as RFC 3339 in UTC, with milliseconds only if it has any."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def format_length(length: timedelta) -> str:
    """Write a length of time, e.g. ``1 d 12 h``."""
    seconds = round(length.total_seconds())
    amounts = ((seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{amount} {unit}" for amount, unit in amounts if amount) or "0 s"
