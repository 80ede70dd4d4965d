"""Coordinates of figures."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from mlw.insights.time_ranges import TimeRange, format_time
from mlw.studio.drawings import Series, chart, sparkline, timeline
from mlw.studio.map_layout import NODE_WIDTH, lay_out

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
HOUR = TimeRange(NOON, NOON + timedelta(hours=1))


def row(start: float, **values: object) -> dict[str, Any]:
    plain = {"id": "", "operation_ParentId": "", "duration": 0.0, "itemType": "dependency"}
    return {**plain, "timestamp": format_time(NOON + timedelta(milliseconds=start)), **values}


def call(source: str, target: str) -> dict[str, Any]:
    return {"source": source, "target": target, "type": "service", "calls": 1, "failed": 0}


def test_a_chart_has_every_interval_and_gaps_where_nothing_happened() -> None:
    records = [{"timestamp": format_time(NOON + timedelta(minutes=1)), "count": 7, "p95": 3.5}]
    series = [Series(column="count", label="Count", missing=0), Series(column="p95", label="p95")]

    found = json.loads(chart(records, HOUR, series))

    assert found["times"][:2] == [int(NOON.timestamp()), int(NOON.timestamp()) + 60]
    assert len(found["times"]) == 60
    assert [one["values"][:3] for one in found["series"]] == [[0, 7, 0], [None, 3.5, None]]


def test_a_sparkline_fills_its_figure() -> None:
    assert sparkline([0, 10, None]) == "0.0,29.0 50.0,1.0 100.0,29.0"
    assert sparkline([]) == ""
    assert sparkline([0.0]) == "0.0,29.0"


def test_a_trace_is_nested_and_in_proportion() -> None:
    rows = [
        row(50, id="b", operation_ParentId="a", duration=25.0),
        row(0, id="a", operation_ParentId="x", duration=100.0),
    ]

    outer, inner = timeline(rows)

    assert (outer.record["id"], outer.depth, outer.left, outer.width) == ("a", 0, 0, 1000)
    assert (inner.record["id"], inner.depth, inner.left, inner.width, inner.offset) == ("b", 1, 500, 250, 50)


def test_short_items_stay_visible_and_inside() -> None:
    first, last = timeline([row(0, id="a", duration=1000.0), row(1000, id="b", duration=0.0)])

    assert (first.width, last.left, last.width) == (1000, 997, 3)


def test_a_trace_without_items_has_no_bars() -> None:
    assert timeline([]) == []


def test_callers_are_left_of_what_they_call() -> None:
    found = lay_out([], [call("front", "scoring"), call("scoring", "database"), call("front", "database")])

    left = {node.name: node.left for node in found.nodes}
    assert left["front"] < left["scoring"] < left["database"]
    assert found.width == left["database"] + NODE_WIDTH + 16


def test_services_that_call_each_other_in_a_circle_have_places() -> None:
    found = lay_out([], [call("a", "b"), call("b", "c"), call("c", "a")])

    assert len({(node.left, node.top) for node in found.nodes}) == 3
    assert len(found.edges) == 3


def test_nodes_do_not_overlap() -> None:
    found = lay_out([], [call("front", f"service-{number}") for number in range(30)])

    places = sorted((node.left, node.top) for node in found.nodes)
    assert len(set(places)) == 31
    assert found.height > 30 * 66


def test_a_service_that_calls_nothing_is_on_the_map() -> None:
    facts = {"cloud_RoleName": "alone", "count": 3, "failed": 0}

    (node,) = lay_out([facts], []).nodes

    assert (node.name, node.type, node.facts) == ("alone", "service", facts)


def test_a_long_name_is_shortened_for_its_box_only() -> None:
    (first, _) = sorted(lay_out([], [call("a" * 80, "b")]).nodes, key=lambda node: node.left)

    assert (first.name, first.short_name) == ("a" * 80, "a" * 26 + "\u2026")
