"""When a stack expires: some time after its first update, or at a fixed time.

Azure has no such property of a resource group; its documentation (Cloud Adoption Framework, "Define your tagging
strategy", C3) proposes a tag `enddate`, which nothing enforces.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation

AFTER = StackRule(
    "expiry-stack-require-duration", "`expiresAfter` is a whole number with a unit (m, h, d or w), e.g. 7d."
)
ON = StackRule("expiry-stack-require-moment", "`expiresOn` is a time with a time zone, or a date (UTC).")
ONE = StackRule("expiry-stack-forbid-both", "A stack sets `expiresAfter` or `expiresOn`, not both.")

MAX_DAYS = 3650
_UNITS = {
    "m": dt.timedelta(minutes=1),
    "h": dt.timedelta(hours=1),
    "d": dt.timedelta(days=1),
    "w": dt.timedelta(days=7),
}
_DURATION = re.compile(r"([0-9]{1,8})([mhdw])", re.ASCII)
_ISO_DURATION = re.compile(r"P(?:([0-9]{1,8})([DW])|T([0-9]{1,8})([HM]))", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FROM_ENGINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?)\d* ([-+]\d{4}) \S+", re.ASCII)
"""How the engine formats a timestamp that is not quoted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expiry:
    """When a stack expires.

    Attributes:
        after: Value of `expiresAfter`; empty if it is not set.
        on: Value of `expiresOn`; empty if it is not set.
        since: When the stack was first brought up.
    """

    after: str
    on: str
    since: dt.datetime

    @property
    def moment(self) -> dt.datetime:
        """When it expires."""
        duration, moment = parse_duration(self.after), parse_moment(self.on)
        if moment is not None:
            return moment
        return self.since + (duration or dt.timedelta.max)


def parse_duration(text: str) -> dt.timedelta | None:
    """Parse `expiresAfter`; None if it is not valid."""
    found = _DURATION.fullmatch(text)
    duration = int(found[1]) * _UNITS[found[2]] if found else dt.timedelta(0)
    return duration if dt.timedelta(0) < duration <= dt.timedelta(days=MAX_DAYS) else None


def parse_moment(text: str) -> dt.datetime | None:
    """Parse `expiresOn`; a date means its end. None if it is not valid or has no time zone."""
    from_engine = _FROM_ENGINE.fullmatch(text)
    try:
        if _DAY.fullmatch(text):
            return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) + dt.timedelta(days=1)
        moment = dt.datetime.fromisoformat("".join(from_engine.groups()) if from_engine else text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else None


def format_moment(moment: dt.datetime) -> str:
    """Format a time for display: RFC 3339, UTC, in seconds."""
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def check_expiry(after: str | None, on: str | None, *, prefix: str) -> Iterator[Violation]:
    """Violations in `expiresAfter` and `expiresOn`; both are checked, even if only one may be set."""
    if after is not None and on is not None:
        yield Violation(
            rule=ONE,
            key=f"{prefix}expiresAfter",
            value=after,
            found=f"'{prefix}expiresOn' is also set",
            allowed="only one of them",
            fix=f"remove '{prefix}expiresAfter' or '{prefix}expiresOn'",
        )
    if after is not None and parse_duration(after) is None:
        yield Violation(
            rule=AFTER,
            key=f"{prefix}expiresAfter",
            value=after,
            found="not a valid duration",
            allowed=f"a whole number with a unit (m minutes, h hours, d days, w weeks), at most {MAX_DAYS}d",
            fix=f"set '{prefix}expiresAfter' to e.g. '{_proposed(after)}'",
        )
    if on is not None and parse_moment(on) is None:
        yield Violation(
            rule=ON,
            key=f"{prefix}expiresOn",
            value=on,
            found="not a time with a time zone, nor a date",
            allowed="date, time and time zone (2026-12-31T18:00:00Z), or a date, at whose end (UTC) the stack expires",
            fix=f"set '{prefix}expiresOn' to e.g. '2026-12-31T18:00:00Z'",
        )


def _proposed(text: str) -> str:
    """The likely meaning of an ISO 8601 duration or a bare number."""
    found = _ISO_DURATION.fullmatch(text)
    guess = (
        f"{found[1] or found[3]}{(found[2] or found[4]).lower()}" if found else f"{text}d" if text.isdecimal() else ""
    )
    return guess if parse_duration(guess) else "7d"
