"""When a stack expires: valid values, and suggestions for invalid ones."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.rules.stack.expiry import AFTER, ON, ONE, Expiry, check_expiry, format_moment, parse_duration, parse_moment
from infra.stack_files.yaml_scalars import scalar_value

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
        ("3650d", timedelta(days=3650)),
    ],
)
def test_a_number_with_a_unit_is_a_time(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration
    assert Expiry(after=text, on="", since=SINCE).moment == SINCE + duration


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        ("P7D", "7d"),
        ("P2W", "2w"),
        ("PT12H", "12h"),
        ("14", "14d"),
        ("0d", "7d"),
        ("-1d", "7d"),
        ("1.5d", "7d"),
        ("7 d", "7d"),
        ("7D", "7d"),
        ("7d\n", "7d"),
        ("3651d", "7d"),
        ("99999999w", "7d"),
        ("999999999w", "7d"),
        ("P1Y", "7d"),
        ("\u0667d", "7d"),
        ("", "7d"),
    ],
)
def test_anything_else_is_rejected_with_a_suggestion(text: str, proposed: str) -> None:
    (violation,) = check_expiry(text, None, prefix="")

    assert violation.rule == AFTER
    assert f"e.g. '{proposed}'" in violation.fix


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-31T18:00:00Z", "2026-12-31T18:00:00Z"),
        ("2026-12-31T20:00:00+02:00", "2026-12-31T18:00:00Z"),
        ("2026-12-31T18:00Z", "2026-12-31T18:00:00Z"),
        ("2026-12-31", "2027-01-01T00:00:00Z"),
    ],
)
def test_a_moment_with_its_zone_is_one_with_and_without_quotes(text: str, moment: str) -> None:
    for given in (text, str(scalar_value(text, None, plain=True))):
        found = parse_moment(given.removesuffix(" 00:00:00 +0000 UTC"))
        assert found is not None, given
        assert format_moment(found) == moment


@pytest.mark.parametrize(
    "text", ["2026-12-31T18:00:00", "2026-13-01", "31.12.2026", "tomorrow", "9999-12-31", "2026-12-31 18:00", ""]
)
def test_ambiguous_time_is_rejected(text: str) -> None:
    assert [violation.rule for violation in check_expiry(None, text, prefix="")] == [ON]


def test_both_together_are_refused() -> None:
    assert [violation.rule for violation in check_expiry("7d", "2026-12-31", prefix="")] == [ONE]


def test_a_moment_does_not_depend_on_the_beginning() -> None:
    expiry = Expiry(after="", on="2026-12-31", since=SINCE)

    assert format_moment(expiry.moment) == "2027-01-01T00:00:00Z"
