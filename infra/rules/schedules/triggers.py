"""When a schedule is due: the trigger of its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from infra.rules.schedules import cron_times, recurrence_times
from infra.rules.schedules.schedule_errors import ScheduleError
from infra.rules.schedules.time_zones import in_utc, zone_of

CRON, RECURRENCE = "cron", "recurrence"


class Times(Protocol):
    """An endless row of moments, in UTC."""

    def latest(self, after: datetime, until: datetime, /) -> datetime | None:
        """The last one that is later than the one and not later than the other moment; None if there is none."""

    def following(self, after: datetime, /) -> datetime | None:
        """The first one that is later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """When a schedule is due.

    Attributes:
        times: By its expression or recurrence.
        start: No time is earlier.
        end: No time is later; None for ever.
        first: A time of its own: without `start_time`, Azure submits the first job at once.
    """

    times: Times
    start: datetime
    end: datetime | None = None
    first: datetime | None = None

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """The last time that is later than the one and not later than the other moment; None if there is none."""
        end = min(until, self.end) if self.end else until
        found = self.times.latest(max(after, self._before), end)
        return found or (self.first if self.first and after < self.first <= end else None)

    def following(self, after: datetime) -> datetime | None:
        """The first time that is later; None after the end."""
        if self.first and after < self.first:
            return self.first
        found = self.times.following(max(after, self._before))
        return found if found and not (self.end and found > self.end) else None

    @property
    def _before(self) -> datetime:
        return self.start - datetime.resolution


def trigger_of(document: Mapping[str, Any], set_at: datetime, doing: str) -> Trigger:
    """Read a trigger.

    Args:
        document: As in the file.
        set_at: When it was written; where it begins without `start_time`.
        doing: For messages.

    Raises:
        ScheduleError: It is not valid.
    """
    zone = zone_of(str(document.get("time_zone") or ""), doing)
    given = _moment(document, "start_time", zone, doing)
    start, end = given or set_at.replace(microsecond=0), _moment(document, "end_time", zone, doing)
    if end and end <= start:
        raise ScheduleError(f"{doing}: trigger.end_time '{document['end_time']}' is not later than its beginning.")
    kind = str(document.get("type")).lower()
    if kind not in {CRON, RECURRENCE}:
        raise ScheduleError(f"{doing}: trigger.type is '{kind}'; allowed: {CRON}, {RECURRENCE}.")
    times: Times = (
        cron_times.cron_times(str(document.get("expression")), zone, doing)
        if kind == CRON
        else recurrence_times.recurrence_times(document, start, zone, doing)
    )
    return Trigger(times=times, start=start, end=end, first=None if given else start)


def notices(document: Mapping[str, Any]) -> list[str]:
    """What differs from Azure, for the user."""
    return cron_times.notices(str(document["expression"])) if document.get("expression") else []


def _moment(document: Mapping[str, Any], key: str, zone: Any, doing: str) -> datetime | None:  # noqa: ANN401 - ZoneInfo
    value = document.get(key)
    if value in (None, ""):
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError as exc:
        raise ScheduleError(f"{doing}: trigger.{key} is '{value}'; write e.g. 2027-01-31T06:30:00.") from exc
    return found.astimezone(UTC) if found.tzinfo else in_utc(found, zone)
