"""`mlw insights ...`: what is asked, what is printed, and that the range is always there."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from mlw.command import DONE, FAILED, REFUSED
from mlw.command_table import COMMANDS
from mlw.insights.client import InsightsBusyError
from mlw.insights.time_ranges import TimeRange
from mlw.main import main
from tests.unit.mlw.insights.fake_insights import FakeInsights

REPORTING = [
    "endpoints dev", "requests dev", "dependencies dev", "failures dev", "exceptions dev", "availability dev",
    "map dev", "logs dev", "metrics dev", "live dev --once",
]  # fmt: skip
REQUEST = {
    "operation_Name": "GET /score", "cloud_RoleName": "web", "count": 120, "perMinute": 2.5, "failedPercent": 1.67,
    "average": 12.34, "p50": 9.87, "p95": 1234.5, "p99": None,
}  # fmt: skip


@pytest.mark.parametrize("line", REPORTING)
def test_without_rows_the_range_and_the_meaning_are_printed(
    line: str, insights: FakeInsights, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["insights", *line.split()]) == DONE

    printed = capsys.readouterr().out
    length = "1 min" if line.startswith("live") else "1 d"
    assert printed.startswith("Time range: 20")
    assert f"({length})\n\n" in printed
    assert "Nothing in this range." in printed
    assert ("--offset 30d" in printed) is not line.startswith("live")


def test_every_command_of_the_group_is_tried() -> None:
    words = {row.path.split()[1] for row in COMMANDS if row.path.startswith("insights ")}

    assert words - {"trace", "query"} == {line.split()[0] for line in REPORTING}


def test_a_report_is_a_table_with_units(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    insights.rows["requests"] = [REQUEST]

    main(["insights", "requests", "dev"])

    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines[2].split()) == "OPERATION SERVICE COUNT PER MIN FAILED % AVG P50 P95 P99"
    assert " ".join(lines[3].split()) == "GET /score web 120 2.5 1.67 12.3 ms 9.9 ms 1.23 s -"


@pytest.mark.parametrize("form", ["json", "yaml", "tsv"])
def test_data_goes_to_standard_output_and_the_range_to_standard_error(
    form: str, insights: FakeInsights, capsys: pytest.CaptureFixture[str]
) -> None:
    insights.rows["requests"] = [REQUEST]

    main(["insights", "requests", "dev", "--offset", "1h", "-o", form])

    printed = capsys.readouterr()
    assert "Time range" not in printed.out
    assert "GET /score" in printed.out
    assert printed.err.startswith("Time range: ")


def test_query_selects_from_the_rows(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    insights.rows["requests"] = [REQUEST]

    main(["insights", "requests", "dev", "--query", "[?p95 > `1000`].operation_Name", "-o", "tsv"])

    assert capsys.readouterr().out == "GET /score\n"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("requests dev --service web", "where cloud_RoleName = 'web'"),
        ("requests dev --operation it's", "where operation_Name = 'it''s'"),
        ("dependencies dev --type HTTP --target api:80", "where type = 'HTTP'\n  and target = 'api:80'"),
        ("exceptions dev --type ValueError", "where type = 'ValueError'"),
        ("failures dev --service web", "where not success\n  and cloud_RoleName = 'web'"),
        ("availability dev --test storage", "where name = 'storage'"),
        ("map dev --service web", "and (source = 'web' or target = 'web')"),
        ("logs dev --severity warning", "where severityLevel >= 2"),
        ("logs dev --text 50%", "contains(lower(message), lower('50%'))"),
        ("logs dev --operation-id abc", "where operation_Id = 'abc'"),
        ("metrics dev", "max(timestamp) as lastSeen\nfrom customMetrics\ngroup by"),
        ("metrics dev latency", "where name = 'latency'\ngroup by all"),
        ("live dev --once --service web", "where cloud_RoleName = 'web'"),
    ],
)
def test_options_become_conditions(line: str, text: str, insights: FakeInsights) -> None:
    assert main(["insights", *line.split()]) == DONE

    assert any(text in sql for sql, _, _ in insights.asked)


def test_range_and_limit_are_asked_for(insights: FakeInsights) -> None:
    ends = ["--start-time", "2026-11-29T08:00", "--end-time", "2026-11-29T10:30+01:00"]
    main(["insights", "logs", "dev", *ends, "--limit", "7"])
    main(["insights", "logs", "dev", "--offset", "2d"])

    (_, first, limit), (_, second, default) = insights.asked
    assert str(first) == "2026-11-29T08:00:00Z to 2026-11-29T09:30:00Z (1 h 30 min)"
    assert (limit, default) == (7, 100)
    assert insights.asked[0][0].endswith("limit 8\n")
    assert second.end - second.start == timedelta(days=2)


def test_a_range_that_the_service_changed_is_told(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    insights.shift = TimeRange(datetime(2026, 11, 29, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))

    main(["insights", "requests", "dev", "--offset", "90d"])

    printed = capsys.readouterr().out
    assert printed.startswith("Time range: 2026-11-29T00:00:00Z to 2026-11-30T00:00:00Z (1 d)\nThis is not the range")


def test_a_truncated_result_says_so(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    insights.rows["requests"], insights.is_truncated = [REQUEST], True

    main(["insights", "requests", "dev"])
    main(["insights", "requests", "dev", "--json"])

    printed = capsys.readouterr()
    assert "There are more than these 1 rows; --limit shows more." in printed.out
    assert "There are more than these 1 rows; --limit shows more." in printed.err


def test_failures_come_with_exceptions(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    insights.rows["failures"] = [{"itemType": "request", "name": "GET /score", "resultCode": "500", "count": 3}]
    insights.rows["exceptions"] = [{"problemId": "ValueError at score", "type": "ValueError", "count": 2}]

    main(["insights", "failures", "dev"])
    text = capsys.readouterr().out
    main(["insights", "failures", "dev", "--json"])
    data = json.loads(capsys.readouterr().out)

    assert text.index("GET /score") < text.index("Exceptions by problem") < text.index("ValueError at score")
    assert [data["failures"][0]["resultCode"], data["exceptions"][0]["count"]] == ["500", 2]


def test_map_has_nodes_and_edges(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    insights.rows["map"] = [{"source": "web", "target": "api", "type": "service", "calls": 5}]
    insights.rows["map-nodes"] = [{"cloud_RoleName": "web", "count": 9}]

    main(["insights", "map", "dev", "--json"])

    data = json.loads(capsys.readouterr().out)
    assert (data["nodes"][0]["count"], data["edges"][0]["target"]) == (9, "api")


def test_telemetry_cannot_control_the_terminal(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    insights.rows["logs"] = [{"message": "\x1b[2Jgone\nnext\x9b31m", "timestamp": "2026-11-29T21:00:00.123456Z"}]

    main(["insights", "logs", "dev"])

    printed = capsys.readouterr().out
    assert "?[2Jgone next?31m" in printed
    assert "2026-11-29 21:00:00.123 " in printed


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("requests dev --offset yesterday", "reading --offset 'yesterday': not a length of time"),
        ("requests dev --start-time noon", "reading --start-time 'noon': not a time"),
        ("requests dev --limit 0", "invalid value for '--limit'"),
        ("requests dev --limit 10001", "invalid value for '--limit': 10001 is not in the range 1<=x<=10000"),
        ("logs dev --severity loud", "invalid value for '--severity'"),
        ("logs dev --text \0", "cannot contain the character NUL"),
        ("live dev --offset 1h", "no such option '--offset'"),
        ("trace dev", "missing argument 'ID'"),
    ],
)
def test_a_wrong_command_line_asks_nothing(
    line: str, message: str, insights: FakeInsights, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["insights", *line.split(" ")]) == REFUSED

    assert message in capsys.readouterr().err
    assert insights.asked == []


def test_an_error_of_the_service_is_one_message(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    insights.failure = InsightsBusyError("querying application insights: HTTP 504: time limit.")

    assert main(["insights", "requests", "dev"]) == FAILED

    assert capsys.readouterr().err == "mlw: querying application insights: HTTP 504: time limit.\n"
