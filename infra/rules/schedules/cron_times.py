"""Times of a cron expression: five fields, as Azure has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from infra.rules.schedules.schedule_errors import ScheduleError

FIELDS = 5
_ANY_DAY = ("*", "?")
_MARGIN = timedelta(hours=3)
"""More than a clock is ever set back: going backwards, the first of two equal local times must not be passed."""


@dataclass(frozen=True, slots=True)
class CronTimes:
    """The times of an expression in a time zone.

    Fields with `*` count every real hour; times at fixed hours happen once a day, as with Debian's cron.
    """

    expression: str
    zone: ZoneInfo

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """The last time that is later than the one and not later than the other moment; None if there is none."""
        found = next((one for one in self._from(until + _MARGIN, backwards=True) if one <= until), None)
        return found if found and found > after else None

    def following(self, after: datetime) -> datetime | None:
        """The first time that is later; None if there is none in 50 years."""
        return next((one for one in self._from(after - _MARGIN) if one > after), None)

    def _from(self, moment: datetime, *, backwards: bool = False) -> Iterator[datetime]:
        from cronsim import CronSim  # noqa: PLC0415 - only with an expression

        for one in CronSim(self.expression, moment.astimezone(self.zone), reverse=backwards):
            yield one.astimezone(UTC)


def cron_times(expression: str, zone: ZoneInfo, doing: str) -> CronTimes:
    """Read an expression.

    Raises:
        ScheduleError: It is not valid, or there is no such time.
    """
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only with an expression

    wrong = ""
    if len(expression.split()) != FIELDS:
        wrong = f"{len(expression.split())} fields"
    else:
        try:
            next(CronSim(expression, datetime.now(UTC)))
        except CronSimError as exc:
            wrong = str(exc)
        except StopIteration:
            wrong = "there is no such time"
    if wrong:
        raise ScheduleError(
            f"{doing}: trigger.expression: '{expression}' is not a cron expression ({wrong}). Write the five fields "
            "minute, hour, day of the month, month and day of the week, e.g. '30 6 * * 1-5' for 06:30 on workdays."
        )
    return CronTimes(expression, zone)


def notices(expression: str) -> list[str]:
    """What differs from Azure."""
    _, _, day, month, _ = expression.split()
    if day in _ANY_DAY and month in _ANY_DAY:
        return []
    return [
        f"trigger.expression: '{expression}' runs on the days and in the months that it names. Azure ignores these two "
        "fields, and runs on every day of every month; use a recurrence there."
    ]
