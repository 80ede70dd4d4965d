"""Figures of a page: data of charts, points of sparklines, bars of a trace. Coordinates only; templates draw."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlw.insights.time_ranges import TimeRange
from mlw.insights.waterfall import lines_of
from mlw.studio.formats import as_moment

SPARK_WIDTH, SPARK_HEIGHT = 100, 30
TIMELINE_WIDTH = 1000
_NARROWEST = 3
_DEEPEST = 8
_MILLISECONDS = 1000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One line of a chart.

    Attributes:
        column: Column of the report.
        missing: Value of an interval without rows; None leaves a gap.
        is_bad: Whether it counts failures.
        is_filled: Whether the area below is filled.
    """

    column: str
    label: str
    unit: str = ""
    missing: float | None = None
    is_bad: bool = False
    is_filled: bool = False


def chart(records: Sequence[Mapping[str, Any]], time_range: TimeRange, series: Sequence[Series]) -> str:
    """Data of a chart as JSON, with all intervals of the range."""
    bins = time_range.bins()
    return json.dumps(
        {
            "times": [int(start.timestamp()) for start in bins],
            "series": [
                {
                    "label": one.label,
                    "unit": one.unit,
                    "bad": one.is_bad,
                    "filled": one.is_filled,
                    "values": values_of(records, bins, one.column, one.missing),
                }
                for one in series
            ],
        }
    )


def values_of(
    records: Sequence[Mapping[str, Any]], bins: Sequence[datetime], column: str, missing: float | None = 0
) -> list[float | None]:
    """Values of a column for each interval."""
    found = {as_moment(record["timestamp"]): record[column] for record in records}
    return [found.get(start, missing) for start in bins]


def sparkline(values: Sequence[float | None]) -> str:
    """Points of a line through values, from the lower left of a small figure."""
    numbers = [value or 0.0 for value in values]
    highest = max(numbers, default=0.0) or 1.0
    step = SPARK_WIDTH / max(len(numbers) - 1, 1)
    return " ".join(
        f"{number * step:.1f},{SPARK_HEIGHT - 1 - (SPARK_HEIGHT - 2) * value / highest:.1f}"
        for number, value in enumerate(numbers)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One item of a trace.

    Attributes:
        record: The item.
        depth: How many items it is nested in.
        left: Start, in thousandths of the trace.
        width: Length, likewise.
        offset: Milliseconds after the start of the trace.
    """

    record: Mapping[str, Any]
    depth: int
    left: float
    width: float
    offset: float


def timeline(records: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Lay out a trace: every item below the one that caused it, in the order of their starts."""
    starts = {id(record): as_moment(record["timestamp"]) for record in records}
    timed = [record for record in records if starts[id(record)]]
    if not timed:
        return []
    at = {id(record): _since_epoch(starts[id(record)]) for record in timed}
    first = min(at.values())
    length = max(at[id(record)] + _duration(record) for record in timed) - first or 1.0
    bars = []
    for line in lines_of(sorted(timed, key=lambda record: at[id(record)])):
        offset = at[id(line.item)] - first
        left = min(TIMELINE_WIDTH * offset / length, TIMELINE_WIDTH - _NARROWEST)
        width = min(max(TIMELINE_WIDTH * _duration(line.item) / length, _NARROWEST), TIMELINE_WIDTH - left)
        depth = min(line.depth, _DEEPEST)
        bars.append(Bar(record=line.item, depth=depth, left=round(left, 1), width=round(width, 1), offset=offset))
    return bars


def _since_epoch(moment: datetime | None) -> float:
    return moment.timestamp() * _MILLISECONDS if moment else 0.0


def _duration(record: Mapping[str, Any]) -> float:
    return float(record["duration"] or 0.0)
