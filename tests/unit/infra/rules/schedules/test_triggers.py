"""When schedules are due: expressions, recurrences, time zones, and changes of the clock."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.rules.schedules.schedule_errors import ScheduleError
from infra.rules.schedules.time_zones import zone_of
from infra.rules.schedules.triggers import Trigger, notices, trigger_of

SET = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = "W. Europe Standard Time"
AZURES_ZONES = (
    "Dateline Standard Time", "UTC-11", "Pacific Standard Time (Mexico)", "E. South America Standard Time", "UTC",
    "W. Central Africa Standard Time", "Mid-Atlantic Standard Time", "Kamchatka Standard Time",
    "Line Islands Standard Time",
)  # fmt: skip


def trigger(**document: Any) -> Trigger:  # noqa: ANN401 - as YAML has it
    return trigger_of({"start_time": "2026-01-01T00:00:00", **document}, SET, "reading")


def cron(expression: str, **more: Any) -> Trigger:  # noqa: ANN401 - likewise
    return trigger(type="cron", expression=expression, **more)


def every(frequency: str, interval: int = 1, **more: Any) -> Trigger:  # noqa: ANN401 - likewise
    return trigger(type="recurrence", frequency=frequency, interval=interval, **more)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(of: Trigger, after: str, until: str) -> list[str]:
    """All times, found one after the other; what `latest` finds is the last one."""
    found, now, end = [], moment(after), moment(until)
    while (following := of.following(now)) and following <= end:
        found.append(f"{following:%m-%dT%H:%M}")
        now = following
    last = of.latest(moment(after), end)
    assert (f"{last:%m-%dT%H:%M}" if last else None) == (found[-1] if found else None)
    return found


@pytest.mark.parametrize("name", AZURES_ZONES)
def test_azures_names_of_time_zones_are_known(name: str) -> None:
    assert zone_of(name.upper(), "reading").key in available_timezones()


def test_names_of_the_iana_database_are_known_and_others_are_refused() -> None:
    assert zone_of("Europe/Berlin", "reading").key == zone_of(BERLIN, "reading").key
    with pytest.raises(ScheduleError, match=r"'Pacific Standard Tim' is not a time zone.*Pacific Standard Time"):
        zone_of("Pacific Standard Tim", "reading")
    with pytest.raises(ScheduleError, match="not a time zone"):
        zone_of("../etc/passwd", "reading")


def test_a_local_time_that_does_not_exist_is_the_end_of_the_gap() -> None:
    expected = ["03-28T01:30", "03-29T01:00", "03-30T00:30"]

    assert times(cron("30 2 * * *", time_zone=BERLIN), "2026-03-27T12:00", "2026-03-30T12:00") == expected
    pattern = {"hours": 2, "minutes": [30]}
    daily = every("day", schedule=pattern, time_zone=BERLIN)
    assert times(daily, "2026-03-27T12:00", "2026-03-30T12:00") == expected


def test_several_local_times_in_a_gap_are_one_time() -> None:
    daily = every("day", schedule={"hours": [2], "minutes": [0, 30]}, time_zone=BERLIN)

    assert times(daily, "2026-03-29T00:00", "2026-03-29T12:00") == ["03-29T01:00"]


def test_a_local_time_that_exists_twice_is_the_first_of_the_two() -> None:
    expected = ["10-24T00:30", "10-25T00:30", "10-26T01:30"]

    assert times(cron("30 2 * * *", time_zone=BERLIN), "2026-10-23T12:00", "2026-10-26T12:00") == expected
    daily = every("day", schedule={"hours": 2, "minutes": 30}, time_zone=BERLIN)
    assert times(daily, "2026-10-23T12:00", "2026-10-26T12:00") == expected


def test_between_two_equal_local_times_the_first_has_been() -> None:
    at = cron("30 2 * * *", time_zone=BERLIN)

    assert at.latest(moment("2026-10-24T12:00"), moment("2026-10-25T01:15")) == moment("2026-10-25T00:30")


def test_hourly_expressions_and_steps_of_real_time_have_no_gap() -> None:
    hours = [f"10-25T{hour:02}:00" for hour in range(5)]

    assert times(cron("0 * * * *", time_zone=BERLIN), "2026-10-24T23:59", "2026-10-25T04:30") == hours
    assert times(every("hour", time_zone=BERLIN), "2026-10-24T23:59", "2026-10-25T04:30") == hours


def test_a_recurrence_without_a_pattern_has_the_time_of_its_beginning() -> None:
    assert times(every("day", 2), "2026-01-01T00:00", "2026-01-06T00:00") == ["01-03T00:00", "01-05T00:00"]
    assert times(every("minute", 90), "2026-02-01T00:00", "2026-02-01T03:00") == ["02-01T01:30", "02-01T03:00"]
    assert times(every("month"), "2026-01-02T00:00", "2026-03-02T00:00") == ["02-01T00:00", "03-01T00:00"]


def test_weeks_are_counted_from_the_beginning_and_have_their_days() -> None:
    pattern = {"hours": 6, "minutes": 0, "week_days": ["Monday", "thursday"]}

    assert times(every("week", 2, schedule=pattern), "2026-01-01T00:00", "2026-01-20T00:00") == [
        "01-01T06:00", "01-12T06:00", "01-15T06:00",
    ]  # fmt: skip


def test_months_without_a_day_are_left_out() -> None:
    pattern = {"hours": 6, "minutes": 0, "month_days": 31}

    assert times(every("month", schedule=pattern), "2026-01-01T00:00", "2026-04-01T00:00") == [
        "01-31T06:00", "03-31T06:00",
    ]  # fmt: skip


def test_the_first_time_is_at_once_without_a_start_time_and_otherwise_not_before_it() -> None:
    now = trigger_of({"type": "cron", "expression": "0 6 * * *"}, SET, "reading")
    later = cron("0 6 * * *", start_time="2026-01-03T05:00:00", time_zone=BERLIN)

    assert times(now, "2025-12-31T23:59", "2026-01-02T12:00") == ["01-01T00:00", "01-01T06:00", "01-02T06:00"]
    assert times(later, "2025-12-31T23:59", "2026-01-04T12:00") == ["01-03T05:00", "01-04T05:00"]


def test_nothing_is_due_after_the_end() -> None:
    at = cron("0 6 * * *", end_time="2026-01-02T06:00:00")

    assert times(at, "2026-01-01T00:00", "2026-01-09T00:00") == ["01-01T06:00", "01-02T06:00"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"type": "cron", "expression": "61 * * * *"}, "'61 .*' is not a cron expression.*minute"),
        ({"type": "cron", "expression": "0 0 6 * * *"}, "6 fields.*five fields"),
        ({"type": "cron", "expression": "0 0 31 2 *"}, "not a cron expression"),
        ({"type": "recurrence", "frequency": "day", "interval": 0}, "interval is 0; allowed: whole numbers from 1"),
        (
            {"type": "recurrence", "frequency": "hour", "interval": 1, "schedule": {"hours": 1, "minutes": 0}},
            "frequency is 'hour'. Set it to day, week, month",
        ),
        (
            {"type": "recurrence", "frequency": "day", "interval": 1, "schedule": {"hours": 24, "minutes": 0}},
            "schedule.hours has 24; allowed: 0 to 23",
        ),
        ({"type": "cron", "expression": "0 * * * *", "start_time": "soon"}, "start_time is 'soon'; write e.g."),
        ({"type": "cron", "expression": "0 * * * *", "end_time": "2025-01-01T00:00:00"}, "end_time .* is not later"),
    ],
)  # fmt: skip
def test_wrong_triggers_are_refused_with_what_is_allowed(document: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ScheduleError, match=message):
        trigger_of(document, SET, "reading")


def test_days_of_an_expression_differ_from_azure_and_are_noted() -> None:
    assert notices({"expression": "0 0 1 * *"})[0].startswith("trigger.expression: '0 0 1 * *' runs on the days")
    assert notices({"expression": "0 0 * * 1"}) == []


ANY_TRIGGER = st.one_of(
    st.builds(
        lambda minute, hour: cron(f"{minute} {hour} * * *", time_zone=BERLIN),
        st.sampled_from(["*", "0", "30", "*/20", "5,35"]), st.sampled_from(["*", "2", "1-3", "*/5", "23"]),
    ),
    st.builds(
        lambda frequency, interval, hours, minutes: every(
            frequency, interval, schedule={"hours": sorted(hours), "minutes": sorted(minutes)}, time_zone=BERLIN
        ),
        st.sampled_from(["day", "week"]), st.integers(1, 3),
        st.sets(st.integers(0, 23), min_size=1, max_size=3), st.sets(st.integers(0, 59), min_size=1, max_size=2),
    ),
)  # fmt: skip


@given(ANY_TRIGGER, st.sampled_from(["2026-03-28T22:00", "2026-10-24T22:00"]), st.integers(0, 600))
def test_stepping_from_one_look_to_the_next_submits_every_time_once(at: Trigger, begin: str, minutes: int) -> None:
    start, seen = moment(begin), []
    position = start
    for step in range(0, 12 * 60, 7):
        now = start + timedelta(minutes=step, seconds=minutes % 60)
        if due := at.latest(position, now):
            seen.append(due)
            position = due
    assert seen == sorted(set(seen))
    expected = at.latest(start, now)
    assert (seen[-1] if seen else None) == expected
