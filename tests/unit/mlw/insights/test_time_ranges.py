"""Time ranges from options: what they mean, and that none is ever made smaller."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from mlw.insights.time_ranges import TimeRange, TimeRangeError, format_length, parse_offset, time_range

NOW = datetime(2026, 11, 29, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, "2026-11-28T22:30:00Z to 2026-11-29T22:30:00Z (1 d)"),
        ({"offset": "1h"}, "2026-11-29T21:30:00Z to 2026-11-29T22:30:00Z (1 h)"),
        ({"offset": "PT90M"}, "2026-11-29T21:00:00Z to 2026-11-29T22:30:00Z (1 h 30 min)"),
        ({"offset": "2d12h"}, "2026-11-27T10:30:00Z to 2026-11-29T22:30:00Z (2 d 12 h)"),
        ({"start": "2026-11-01"}, "2026-11-01T00:00:00Z to 2026-11-29T22:30:00Z (28 d 22 h 30 min)"),
        ({"start": "2026-11-01", "offset": "1d"}, "2026-11-01T00:00:00Z to 2026-11-02T00:00:00Z (1 d)"),
        ({"end": "2026-11-01T12:00"}, "2026-10-31T12:00:00Z to 2026-11-01T12:00:00Z (1 d)"),
        ({"end": "2026-11-01 12:00:00+02:00", "offset": "1h"}, "2026-11-01T09:00:00Z to 2026-11-01T10:00:00Z (1 h)"),
        ({"start": "2026-11-01T00:00:00.5Z", "end": "2026-11-02"}, "2026-11-01T00:00:00.500Z to 2026-11-02T00:00:00Z"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_options_mean_what_they_mean_in_az(options: dict[str, str], shown: str) -> None:
    assert str(time_range(now=NOW, **options)).startswith(shown)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"offset": "1h", "start": "2026-11-01", "end": "2026-11-02"}, "Leave one out"),
        ({"offset": "yesterday"}, "reading --offset 'yesterday': not a length of time"),
        ({"offset": ""}, ""),
        ({"offset": "0h"}, "not a length of time"),
        ({"offset": "P"}, "not a length of time"),
        ({"offset": "PT"}, "not a length of time"),
        ({"offset": "99999999999d"}, "not a length of time"),
        ({"start": "29.11.2026"}, "reading --start-time '29.11.2026': not a time"),
        ({"end": "noon"}, "reading --end-time 'noon': not a time"),
        ({"start": "2026-12-01"}, "which is not after its start, 2026-12-01T00:00:00Z"),
        ({"start": "2026-11-02", "end": "2026-11-02"}, "not after its start"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_options_without_a_meaning_are_refused(options: dict[str, str], message: str) -> None:
    if not message:
        assert time_range(now=NOW, **options).seconds == 86400
        return
    with pytest.raises(TimeRangeError, match=message):
        time_range(now=NOW, **options)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("45s", 45), ("1D", 86400), ("P1W", 604800), ("P1DT2H3M4S", 93784), ("pt1h", 3600)],
)
def test_lengths_of_time(text: str, seconds: int) -> None:
    assert parse_offset(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("length", "width"),
    [("30s", 1), ("1h", 60), ("6h", 600), ("1d", 1800), ("7d", 14400), ("90d", 172800), ("60d", 86400)],
)
def test_bins_have_widths_that_people_read(length: str, width: int) -> None:
    found = TimeRange(NOW - parse_offset(length), NOW)

    assert found.bin_seconds == width
    assert len(found.bins()) <= 61


def test_bins_cover_the_range_and_start_where_the_service_starts_them() -> None:
    found = TimeRange(datetime(2026, 11, 29, 21, 30, 20, tzinfo=UTC), datetime(2026, 11, 29, 22, 30, 20, tzinfo=UTC))

    bins = found.bins()

    assert (bins[0], bins[-1]) == (
        datetime(2026, 11, 29, 21, 30, tzinfo=UTC),
        datetime(2026, 11, 29, 22, 30, tzinfo=UTC),
    )
    assert all(later - earlier == timedelta(minutes=1) for earlier, later in pairwise(bins))


def test_a_length_shorter_than_a_second_is_shown() -> None:
    assert format_length(timedelta(milliseconds=3)) == "0 s"
