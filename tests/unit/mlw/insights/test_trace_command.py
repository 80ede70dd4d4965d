"""`mlw insights trace`: the waterfall, and where it looks."""

import sys
from collections.abc import Sequence
from typing import Any

import pytest

from mlw.command import DONE, FAILED
from mlw.insights.waterfall import draw, lines_of
from mlw.main import main
from tests.unit.mlw.insights.fake_insights import FakeInsights

Item = dict[str, Any]


def item(kind: str, name: str, *, id: str = "", parent: str = "", at: int = 0, ms: float = 0, **more: object) -> Item:
    """One row of the report."""
    return {
        "itemType": kind, "timestamp": f"2026-11-29T21:00:00.{at:03}Z", "id": id, "operation_ParentId": parent,
        "name": name, "type": "", "detail": "", "success": True, "resultCode": "", "duration": ms,
        "cloud_RoleName": "web", "operation_Id": "t1", "customDimensions": "{}", **more,
    }  # fmt: skip


TRACE = [
    item("request", "GET /score", id="r1", ms=200, resultCode="500", success=False),
    item("dependency", "GET", id="d1", parent="r1", at=50, ms=100, type="HTTP", resultCode="500", success=False),
    item("request", "GET /model", id="r2", parent="d1", at=60, ms=80, cloud_RoleName="models", resultCode="500"),
    item("exception", "no such model", parent="r2", at=100, type="ValueError", cloud_RoleName="models"),
    item("trace", "model is missing", parent="r2", at=90, type="WARN", cloud_RoleName="models"),
    item("dependency", "prepare", id="d2", parent="r1", at=10, ms=0.25, type="InProc"),
]


def test_waterfall_shows_what_called_what_and_when() -> None:
    lines = draw(TRACE).splitlines()

    counts = "2 services, 2 requests, 2 dependencies, 1 exception, 1 log record"
    assert lines[0] == f"Started 2026-11-29 21:00:00.000, took 200 ms: {counts}."
    assert [line.rstrip() for line in lines[2:]] == [
        "SPAN                             SERVICE  CODE        DURATION  0                                 200 ms",
        "GET /score                       web      500 failed    200 ms  ████████████████████████████████████████",
        "  GET (HTTP)                     web      500 failed    100 ms  ··········████████████████████··········",
        "    GET /model                   models   500          80.0 ms  ············████████████████············",
        "      ValueError: no such model                                 ····················!",
        "      WARN model is missing                                     ··················|",
        "  prepare                        web                   0.25 ms  ··█·····································",
    ]


@pytest.mark.parametrize(
    ("items", "depths"),
    [
        ([item("request", "a", id="a", parent="unknown")], {"a": 0}),
        ([item("request", "a", id="a", parent="a")], {"a": 0}),
        ([item("request", "a", id="a", parent="b"), item("request", "b", id="b", parent="a")], {"a": 0, "b": 0}),
        ([item("request", "a", id="a"), item("trace", "log", parent="x")], {"a": 0, "log": 0}),
        ([item("trace", "log")], {"log": 0}),
    ],
    ids=["unknown parent", "own parent", "circle", "event of an unknown span", "only a log record"],
)
def test_incomplete_traces_are_shown_completely(items: Sequence[Item], depths: dict[str, int]) -> None:
    assert {line.item["name"]: line.depth for line in lines_of(items)} == depths
    assert draw(items)


def test_a_deep_trace_does_not_exhaust_the_stack() -> None:
    items = [item("request", "a", id=str(n), parent=str(n - 1)) for n in range(5000)]

    assert lines_of(items)[-1].depth == 4999


def test_waterfall_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "90")

    lines = draw([item("request", "GET /" + "long" * 30, id="r1", ms=200), *TRACE]).splitlines()

    assert max(len(line) for line in lines[2:]) <= 90
    assert any("..." in line for line in lines)


def test_bars_are_plain_where_the_terminal_has_no_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.host.streams.can_write", lambda _text: False)

    assert "....########" in draw(TRACE)


def test_trace_is_found_in_everything_that_is_stored(
    insights: FakeInsights, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["insights", "trace", "dev", "ABC"]) == FAILED

    assert [round(asked.seconds / 86400) for _, asked, _ in insights.asked] == [1, 730]
    assert "where operation_Id = 'abc'" in insights.asked[0][0]
    message = capsys.readouterr().err
    assert message.startswith(
        "mlw: looking for operation 'ABC' in application insights of stack 'dev': nothing from 20"
    )
    assert "(730 d)" in message


def test_a_range_that_is_given_is_not_extended(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["insights", "trace", "dev", "abc", "--offset", "1h"]) == FAILED

    assert len(insights.asked) == 1
    assert "Choose another time range." in capsys.readouterr().err


def test_trace_is_drawn_under_its_range(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    insights.rows["trace"] = TRACE

    assert main(["insights", "trace", "dev", "t1"]) == DONE

    printed = capsys.readouterr().out
    assert printed.startswith("Time range: ")
    assert "GET /score" in printed
