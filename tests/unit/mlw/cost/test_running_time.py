"""Running time and sizes by day, against times computed by hand."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mlw.cost.running_time import DayOfUse, days_of_container, days_of_volume, intervals, parse

DAY1, DAY2, DAY3 = date(2026, 11, 27), date(2026, 11, 28), date(2026, 11, 29)
START, END = datetime(2026, 11, 27, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)


def a_run(started: str, seen: str, finished: str = "") -> dict[str, str]:
    return {"started": _at(started), "seen": _at(seen), "finished": _at(finished) if finished else ""}


def a_container(*runs: dict[str, str], created: str = "27 06:00", removed: str = "") -> dict[str, Any]:
    return {"created": _at(created), "removed": _at(removed) if removed else "", "runs": list(runs)}


def _at(text: str) -> str:
    day, moment = text.split()
    return f"2026-11-{day}T{moment}:00.123456789Z".replace(".123456789", ".000000000")


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        pytest.param(
            a_container(removed="27 18:00"),
            [DayOfUse(DAY1, 12.0, 12.0)],
            id="never seen: assumed from creation to removal",
        ),
        pytest.param(
            a_container(a_run("27 06:00", "27 12:00"), removed="27 18:00"),
            [DayOfUse(DAY1, 12.0, 6.0)],
            id="seen once: measured up to then, assumed after it",
        ),
        pytest.param(
            a_container(a_run("27 06:00", "28 12:00"), removed="28 12:00"),
            [DayOfUse(DAY1, 18.0, 0.0), DayOfUse(DAY2, 12.0, 0.0)],
            id="over midnight",
        ),
        pytest.param(
            a_container(a_run("27 06:00", "27 20:00", finished="27 10:00"), removed="29 12:00"),
            [DayOfUse(DAY1, 4.0, 0.0)],
            id="stopped: nothing after that",
        ),
        pytest.param(
            a_container(
                a_run("27 06:00", "27 08:00", finished="27 09:00"),
                a_run("28 10:00", "28 12:00"),
                removed="28 14:00",
            ),
            [DayOfUse(DAY1, 3.0, 0.0), DayOfUse(DAY2, 4.0, 2.0)],
            id="stopped over night",
        ),
        pytest.param(
            a_container(a_run("27 06:00", "27 08:00"), a_run("28 10:00", "28 12:00", finished="28 11:00")),
            [DayOfUse(DAY1, 2.0, 0.0), DayOfUse(DAY2, 1.0, 0.0)],
            id="a stop that nobody saw: only what was seen",
        ),
        pytest.param(
            a_container(a_run("29 06:00", "29 08:00"), created="29 05:00"),
            [DayOfUse(DAY3, 18.0, 16.0)],
            id="still there: up to the end of the range",
        ),
        pytest.param(a_container(created="27 06:00", removed="27 06:00"), [], id="no time at all"),
    ],
)
def test_hours_of_a_container(container: dict[str, Any], expected: list[DayOfUse]) -> None:
    assert days_of_container(container, start=START, end=END) == expected


def test_a_range_cuts_running_time() -> None:
    container = a_container(a_run("27 06:00", "29 18:00"), removed="29 18:00")
    start, end = datetime(2026, 11, 28, 20, 0, tzinfo=UTC), datetime(2026, 11, 29, 1, 30, tzinfo=UTC)

    assert days_of_container(container, start=start, end=end) == [
        DayOfUse(DAY2, 4.0, 0.0),
        DayOfUse(DAY3, 1.5, 0.0),
    ]


def test_nothing_is_counted_after_the_end_of_the_range() -> None:
    found = intervals(a_container(), until=datetime(2026, 11, 27, 8, 0, tzinfo=UTC))

    assert sum(interval.hours for interval in found) == 2.0


def test_a_size_holds_until_the_next_one() -> None:
    gib = 2**30
    volume = {
        "removed": _at("29 00:00"),
        "sizes": [[_at("27 12:00"), 2 * gib], [_at("28 06:00"), 4 * gib], [_at("28 12:00"), gib]],
    }

    # 2 GiB for 12 h and 6 h, 4 GiB for 6 h, 1 GiB for 12 h; before the first size nothing.
    assert days_of_volume(volume, start=START, end=END) == [
        DayOfUse(DAY1, 24.0, 0.0),
        DayOfUse(DAY2, 12.0 + 24.0 + 12.0, 0.0),
    ]


def test_a_volume_without_a_size_is_unknown() -> None:
    assert days_of_volume({"removed": "", "sizes": []}, start=START, end=END) == []


@pytest.mark.parametrize("text", ["2026-11-29T12:00:00Z", "2026-11-29T12:00:00.000000000Z", "2026-11-29T12:00:00.0Z"])
def test_times_of_the_engine_have_any_precision(text: str) -> None:
    assert parse(text) == datetime(2026, 11, 29, 12, tzinfo=UTC)
