"""How long a container ran, and how large a volume was, on each day; measured and assumed time apart.

Measured: the engine said that a container has been running since a time, or ended at one. Assumed: the state contained
it, and nothing says that it was stopped. Of a volume, a size holds until the next one; before the first it is unknown
and counts as nothing. Days are those of UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Interval:
    """A time in which a container ran; `measured` tells how that is known."""

    start: datetime
    end: datetime
    measured: bool

    @property
    def hours(self) -> float:
        """Its length."""
        return max(0.0, (self.end - self.start).total_seconds() / 3600)


@dataclass(frozen=True, slots=True)
class DayOfUse:
    """Use of one day.

    Attributes:
        hours: Hours, or of a volume GiB times hours.
        assumed: How many of these are assumed.
    """

    day: date
    hours: float
    assumed: float


def intervals(container: Mapping[str, Any], *, until: datetime) -> list[Interval]:
    """When a container of the ledger ran, up to a time."""
    end = min(parse(container["removed"]), until) if container["removed"] else until
    runs = container["runs"]
    if not runs:
        return (
            _clipped([Interval(parse(container["created"]), end, measured=False)], end) if container["created"] else []
        )
    found = [Interval(parse(run["started"]), parse(run["finished"] or run["seen"]), measured=True) for run in runs]
    if not runs[-1]["finished"]:
        found.append(Interval(parse(runs[-1]["seen"]), end, measured=False))
    return _clipped(found, end)


def days_of_container(container: Mapping[str, Any], *, start: datetime, end: datetime) -> list[DayOfUse]:
    """Hours that a container ran on each day of a range."""
    found: dict[date, DayOfUse] = {}
    for interval in intervals(container, until=end):
        for day, hours in _by_day(interval.start, interval.end, start, end):
            before = found.get(day, DayOfUse(day, 0.0, 0.0))
            assumed = before.assumed + (0.0 if interval.measured else hours)
            found[day] = DayOfUse(day, before.hours + hours, assumed)
    return [found[day] for day in sorted(found)]


def days_of_volume(volume: Mapping[str, Any], *, start: datetime, end: datetime) -> list[DayOfUse]:
    """GiB times hours of a volume on each day of a range."""
    last = min(parse(volume["removed"]), end) if volume["removed"] else end
    sizes = [(parse(moment), size) for moment, size in volume["sizes"]]
    ends = [*(moment for moment, _ in sizes[1:]), last]
    found: dict[date, float] = {}
    for (begin, size), following in zip(sizes, ends, strict=False):
        for day, hours in _by_day(begin, min(following, last), start, end):
            found[day] = found.get(day, 0.0) + hours * size / GIB
    return [DayOfUse(day, found[day], 0.0) for day in sorted(found)]


def parse(text: str) -> datetime:
    """Read a time of the ledger; the engine's have nanoseconds."""
    base, _, rest = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{base}.{(rest + '000000')[:6]}").replace(tzinfo=UTC)


def _clipped(found: list[Interval], end: datetime) -> list[Interval]:
    clipped = (Interval(one.start, min(one.end, end), one.measured) for one in found)
    return [one for one in clipped if one.end > one.start]


def _by_day(begin: datetime, finish: datetime, start: datetime, end: datetime) -> Iterator[tuple[date, float]]:
    """Hours of an interval on each day, within a range."""
    moment, finish = max(begin, start), min(finish, end)
    while moment < finish:
        midnight = datetime.combine(moment.date() + timedelta(days=1), time(), UTC)
        until = min(midnight, finish)
        yield moment.date(), (until - moment).total_seconds() / 3600
        moment = until
