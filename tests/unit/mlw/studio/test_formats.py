"""How values are shown."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mlw.studio import formats

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shown", "value", "text"),
    [
        (formats.size, 0, "0 B"),
        (formats.size, 1023, "1023 B"),
        (formats.size, 1536, "1.5 KiB"),
        (formats.size, 5 * 1024**5, "5120.0 TiB"),
        (formats.size, None, "\u2013"),
        (formats.number, 1234567, "1\u202f234\u202f567"),
        (formats.number, 0.456, "0.46"),
        (formats.number, None, "\u2013"),
        (formats.milliseconds, 12.34, "12.3 ms"),
        (formats.milliseconds, 456.7, "457 ms"),
        (formats.milliseconds, 1500, "1.50 s"),
        (formats.milliseconds, None, "\u2013"),
        (formats.percent, 0, "0 %"),
        (formats.percent, 12.34, "12.3 %"),
        (formats.moment, "2026-11-29T13:00:00+01:00", "2026-11-29 12:00:00"),
        (formats.moment, datetime(2026, 11, 29, 12), "2026-11-29 12:00:00"),  # noqa: DTZ001 - UTC without saying so
        (formats.moment, "no time", "\u2013"),
        (formats.day, NOON, "2026-11-29"),
        (formats.short_digest, "sha256:0123456789abcdef", "0123456789ab"),
    ],
)
def test_values_are_shown_for_people(shown: Callable[[object], str], value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("then", "text"),
    [
        (datetime(2026, 11, 29, 11, 59, 30, tzinfo=UTC), "30 s ago"),
        (datetime(2026, 11, 29, 11, 1, tzinfo=UTC), "59 min ago"),
        (datetime(2026, 11, 28, 11, tzinfo=UTC), "1 d ago"),
        (datetime(2026, 11, 29, 12, 0, 5, tzinfo=UTC), "0 s ago"),
        (None, "\u2013"),
    ],
)
def test_ages_are_shown_in_the_largest_unit(then: datetime | None, text: str) -> None:
    assert formats.ago(then, now=NOON) == text
