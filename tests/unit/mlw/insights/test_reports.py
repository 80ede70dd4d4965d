"""The reports: complete queries, values that stay values."""

import re

import pytest

from mlw.insights.insights_report import Report, UnusableFilterError, Value, literal
from mlw.insights.reports import REPORTS
from mlw.insights.time_ranges import time_range

HOUR = time_range(offset="1h")
TABLES = {
    "requests", "dependencies", "exceptions", "traces", "availabilityResults", "customMetrics", "customEvents", "spans",
}  # fmt: skip


def _name(report: Report) -> str:
    return report.name


@pytest.mark.parametrize("report", REPORTS.values(), ids=_name)
def test_query_is_one_complete_statement(report: Report) -> None:
    values = dict.fromkeys(report.filters, "it's")

    text = report.query(HOUR, **values)

    assert text.startswith(("select", "with"))
    assert not re.search(r"[;$]", text)
    assert text.count("'it''s'") == sum(condition.count("$value") for condition in report.filters.values())
    assert set(re.findall(r"(?:from|join) (\w+)", text)) & TABLES


@pytest.mark.parametrize("report", REPORTS.values(), ids=_name)
def test_columns_are_described_once(report: Report) -> None:
    names = [column.name for column in report.columns]

    assert len(set(names)) == len(names)
    assert len({column.title for column in report.columns}) == len(names)
    assert all(name in report.sql for name in names)
    assert report.title
    assert report.empty.endswith(".")


def test_filters_join_the_conditions_of_the_report() -> None:
    text = REPORTS["failures"].query(HOUR, service="api", operation=None)

    assert "where not success\n  and cloud_RoleName = 'api'\ngroup by" in text


def test_without_conditions_there_is_no_where() -> None:
    assert "from exceptions\ngroup by" in REPORTS["exceptions"].query(HOUR)


def test_rates_and_bins_follow_the_range() -> None:
    assert "/ 60, 3) as perMinute" in REPORTS["requests"].query(HOUR)
    assert "interval '60 seconds'" in REPORTS["requests-over-time"].query(HOUR)


def test_an_unknown_filter_is_an_error() -> None:
    with pytest.raises(UnusableFilterError, match=r"no such filter: servic\. Filters: operation, service\."):
        REPORTS["requests"].query(HOUR, servic="api")


@pytest.mark.parametrize(
    ("value", "text"),
    [("a' or 1=1 --", "'a'' or 1=1 --'"), ("$where\\", "'$where\\'"), (3, "3"), (2.5, "2.5"), (True, "true")],
    ids=str,
)
def test_values_are_literals(value: Value, text: str) -> None:
    assert literal(value) == text
    assert text in REPORTS["logs"].query(HOUR, text=value)


def test_a_value_with_nul_is_refused() -> None:
    with pytest.raises(UnusableFilterError, match="NUL"):
        literal("a\0b")
