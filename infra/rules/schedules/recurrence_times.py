"""Times of a recurrence: every so many minutes, hours, days, weeks or months, from a moment on.

Minutes and hours are real time. Days, weeks and months are those of the calendar in the time zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from infra.rules.schedules.schedule_errors import ScheduleError
from infra.rules.schedules.time_zones import in_utc, local_in

STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
CALENDAR = {"day": timedelta(days=1), "week": timedelta(weeks=1), "month": None}
"""Frequencies with their length; a month has none."""
FREQUENCIES = (*STEPS, *CALENDAR)
WEEK_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RANGES = {"hours": (0, 23), "minutes": (0, 59), "month_days": (1, 31)}
_FARTHEST = timedelta(days=366 * 30)


@dataclass(frozen=True, slots=True)
class ElapsedTimes:
    """Equal steps of real time."""

    start: datetime
    step: timedelta

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """The last time that is later than the one and not later than the other moment; None if there is none."""
        found = self.start + (until - self.start) // self.step * self.step
        return found if found > after and found >= self.start else None

    def following(self, after: datetime) -> datetime | None:
        """The first time that is later."""
        if after < self.start:
            return self.start
        return self.start + ((after - self.start) // self.step + 1) * self.step


@dataclass(frozen=True, slots=True)
class CalendarTimes:
    """Days of a calendar, each with its times.

    Attributes:
        start: The first moment; intervals are counted from its day.
        pattern: Hours, minutes, days of the week and of the month; without it, the time and the day of :attr:`start`.
    """

    frequency: str
    interval: int
    start: datetime
    zone: ZoneInfo
    pattern: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """The last time that is later than the one and not later than the other moment; None if there is none."""
        found = None
        for one in self._from(after, until):
            found = one
        return found

    def following(self, after: datetime) -> datetime | None:
        """The first time that is later; None if there is none in 30 years."""
        return next(self._from(after, after + _FARTHEST), None)

    def _from(self, after: datetime, until: datetime) -> Iterator[datetime]:
        from dateutil import rrule  # noqa: PLC0415 - only with a recurrence

        rule = rrule.rrule(
            {"day": rrule.DAILY, "week": rrule.WEEKLY, "month": rrule.MONTHLY}[self.frequency],
            dtstart=self._begin(after),
            interval=self.interval,
            until=local_in(until, self.zone) + timedelta(days=1),
            **{key: list(value) for key, value in self._by().items()},
        )
        for local in rule:
            moment = in_utc(local, self.zone)
            if moment > until:
                return
            if moment > after:
                yield moment

    def _by(self) -> Mapping[str, Sequence[Any]]:
        """The pattern in the words of the library."""
        if not self.pattern:
            return {}
        found = {"byhour": self.pattern["hours"], "byminute": self.pattern["minutes"], "bysecond": [0]}
        if days := self.pattern.get("week_days"):
            found["byweekday"] = [WEEK_DAYS.index(one) for one in days]
        if days := self.pattern.get("month_days"):
            found["bymonthday"] = days
        return found

    def _begin(self, after: datetime) -> datetime:
        """A day shortly before a moment, whole intervals after the first one, so that years are not counted up."""
        first = local_in(self.start, self.zone)
        if self.pattern:
            first = first.replace(hour=0, minute=0, second=0)
        length = CALENDAR[self.frequency]
        if length is None:
            return first
        passed = (local_in(after, self.zone) - first) // (length * self.interval) - 1
        return first + max(passed, 0) * length * self.interval


def recurrence_times(
    document: Mapping[str, Any], start: datetime, zone: ZoneInfo, doing: str
) -> ElapsedTimes | CalendarTimes:
    """Read a recurrence.

    Raises:
        ScheduleError: It is not valid.
    """
    frequency, interval = str(document.get("frequency")).lower(), document.get("interval")
    if not isinstance(interval, int) or isinstance(interval, bool) or interval < 1:
        raise ScheduleError(f"{doing}: trigger.interval is {interval!r}; allowed: whole numbers from 1.")
    pattern = _pattern(document.get("schedule") or {}, doing)
    if frequency in CALENDAR:
        return CalendarTimes(frequency, interval, start, zone, pattern)
    if frequency not in STEPS:
        raise ScheduleError(f"{doing}: trigger.frequency is '{frequency}'; allowed: {', '.join(FREQUENCIES)}.")
    if pattern:
        raise ScheduleError(
            f"{doing}: trigger.schedule has hours and minutes of a day, but trigger.frequency is '{frequency}'. Set it "
            f"to {', '.join(CALENDAR)}, or remove trigger.schedule."
        )
    return ElapsedTimes(start, STEPS[frequency] * interval)


def _pattern(given: Mapping[str, Any], doing: str) -> dict[str, list[Any]]:
    found = {key: _list(key, value) for key, value in given.items() if value is not None}
    for key, values in found.items():
        if key == "week_days":
            wrong, allowed = [one for one in values if one not in WEEK_DAYS], ", ".join(WEEK_DAYS)
        else:
            low, high = _RANGES[key]
            wrong, allowed = [one for one in values if not low <= int(one) <= high], f"{low} to {high}"
        if wrong:
            raise ScheduleError(f"{doing}: trigger.schedule.{key} has {wrong[0]!r}; allowed: {allowed}.")
    return {key: values for key, values in found.items() if values}


def _list(key: str, value: object) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    return [str(one).lower() for one in values] if key == "week_days" else sorted(values)
