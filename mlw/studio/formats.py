"""How values are shown: numbers, sizes, times, durations. Times are UTC, as telemetry and the services have them."""

from __future__ import annotations

from datetime import UTC, datetime

NOTHING = "\N{EN DASH}"
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024
_SPANS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_SECOND_MILLISECONDS = 1000.0
_FEW = 100


def size(number: float | None) -> str:
    """Format bytes."""
    if number is None:
        return NOTHING
    amount, unit = float(number), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{int(amount)} B"


def number(value: float | None) -> str:
    """Format a number with thin spaces between thousands, and as many decimals as are worth reading."""
    if value is None:
        return NOTHING
    if float(value).is_integer() or abs(value) >= _FEW:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.2f}"


def milliseconds(value: float | None) -> str:
    """Format a duration."""
    if value is None:
        return NOTHING
    if value >= _SECOND_MILLISECONDS:
        return f"{value / _SECOND_MILLISECONDS:.2f} s"
    return f"{value:.0f} ms" if value >= _FEW else f"{value:.1f} ms"


def percent(value: float | None) -> str:
    """Format a percentage."""
    return NOTHING if value is None else f"{value:.1f} %" if value else "0 %"


def moment(value: datetime | str | None) -> str:
    """Format a time, to the second."""
    found = as_moment(value)
    return f"{found:%Y-%m-%d %H:%M:%S}" if found else NOTHING


def day(value: datetime | str | None) -> str:
    """Format a date."""
    found = as_moment(value)
    return f"{found:%Y-%m-%d}" if found else NOTHING


def ago(value: datetime | str | None, *, now: datetime | None = None) -> str:
    """Format how long ago a time was."""
    found = as_moment(value)
    if not found:
        return NOTHING
    seconds = max(0, int(((now or datetime.now(UTC)) - found).total_seconds()))
    length, unit = next(((length, unit) for length, unit in _SPANS if seconds >= length), _SPANS[-1])
    return f"{seconds // length} {unit} ago"


def as_moment(value: datetime | str | None) -> datetime | None:
    """Read a time in UTC; None for text that is not a time."""
    if not value:
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def short_digest(digest: str) -> str:
    """The part of a digest that people compare."""
    return digest.partition(":")[2][:12] or digest
