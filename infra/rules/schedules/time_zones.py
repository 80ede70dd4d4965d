"""Time zones of schedules: by Azure's names, which are those of Windows, or by those of the IANA database.

A local time that does not exist, because the clock is set forward, is the moment at which the gap ends. One that exists
twice, because the clock is set back, is the first of the two.
"""

from __future__ import annotations

import difflib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from infra.rules.schedules.schedule_errors import ScheduleError

UTC_NAME = "UTC"
_NOT_IN_UNICODE = {"mid-atlantic standard time": "Etc/GMT+2", "kamchatka standard time": "Asia/Kamchatka"}
"""Names that Azure has, and Unicode's table no longer."""

_MINUTE = timedelta(minutes=1)


def zone_of(name: str, doing: str) -> ZoneInfo:
    """Find a time zone.

    Args:
        name: In any case; empty for UTC.
        doing: For the message.

    Raises:
        ScheduleError: No time zone has this name.
    """
    from tzlocal.windows_tz import win_tz  # noqa: PLC0415 - only for schedules

    known = {windows.lower(): iana for windows, iana in win_tz.items()} | _NOT_IN_UNICODE
    wanted = name.strip() or UTC_NAME
    try:
        return ZoneInfo(known.get(wanted.lower(), wanted))
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        near = difflib.get_close_matches(name, list(win_tz), n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise ScheduleError(
            f"{doing}: trigger.time_zone: '{name}' is not a time zone.{hint} Use a name of "
            "Windows, as Azure does, e.g. 'W. Europe Standard Time', or one of the IANA database, e.g. 'Europe/Berlin'."
        ) from exc


def in_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a local time without a zone."""
    found = local.replace(tzinfo=zone, fold=0)
    while found.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) != local:
        local += _MINUTE
        found = local.replace(tzinfo=zone, fold=0)
    return found.astimezone(UTC)


def local_in(moment: datetime, zone: ZoneInfo) -> datetime:
    """The local time of a moment, without its zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
