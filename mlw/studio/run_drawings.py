"""Figures about runs: metrics over steps or time, and parallel coordinates. Coordinates only; templates draw."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlw.tracking.tracking_records import Run, Value

WIDTH, HEIGHT = 1000, 260
_TOP, _BOTTOM, _SIDE = 26, 24, 90
_POINTS = 400
_SHADES = 5
_FEWEST_AXES = 2
MOST_AXES = 8


def metric_chart(name: str, values: Sequence[Value], *, over_time: bool) -> str:
    """Data of a chart as JSON; long series are thinned out, the last value is always there."""
    points = dict(sorted((one.time if over_time else one.step, one.value) for one in _thinned(values)))
    series = {
        "label": name, "unit": "", "bad": False, "filled": False,
        "values": [_drawn(value) for value in points.values()],
    }  # fmt: skip
    return json.dumps({"times": list(points), "series": [series], "axis": "Time (UTC)" if over_time else "Step"})


def comparison_chart(histories: Mapping[str, Sequence[Value]]) -> str:
    """Data of a chart with a metric of several runs over steps, as JSON.

    Args:
        histories: Values by the name of the run.
    """
    points = {name: {one.step: one.value for one in _thinned(values)} for name, values in histories.items()}
    steps = sorted({step for values in points.values() for step in values})
    series = [
        {
            "label": name,
            "unit": "",
            "bad": False,
            "filled": False,
            "values": [_drawn(values.get(step)) for step in steps],
        }
        for name, values in points.items()
    ]
    return json.dumps({"times": steps, "series": series, "axis": "Step", "spans": True})


def _thinned(values: Sequence[Value]) -> list[Value]:
    """At most some hundred values, with the last one."""
    step = math.ceil(len(values) / _POINTS)
    return [*values[:-1:step], values[-1]] if values else []


def _drawn(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: a metric or a parameter, with its lowest and highest value."""

    name: str
    x: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Line:
    """One run: its points, and how high it is on the last axis, from 0 to 4."""

    label: str
    points: str
    shade: int


@dataclass(frozen=True, slots=True)
class Coordinates:
    """The whole figure."""

    axes: Sequence[Axis]
    lines: Sequence[Line]


def parallel_coordinates(runs: Sequence[Run], columns: Sequence[str]) -> Coordinates | None:
    """Lay out the runs that have a number in every column; None if that makes no figure."""
    numbers = {column: [number_in(run, column) for run in runs] for column in columns}
    usable = [column for column in columns if sum(one is not None for one in numbers[column]) > 1][:MOST_AXES]
    if len(usable) < _FEWEST_AXES:
        return None
    rows = [
        (run, found)
        for index, run in enumerate(runs)
        if len(found := [value for name in usable if (value := numbers[name][index]) is not None]) == len(usable)
    ]
    if not rows:
        return None
    gap = (WIDTH - 2 * _SIDE) / (len(usable) - 1)
    axes = []
    for index, name in enumerate(usable):
        values = [found[index] for _, found in rows]
        axes.append(Axis(name, round(_SIDE + index * gap, 1), min(values), max(values)))
    return Coordinates(axes, [_line(run, found, axes) for run, found in rows])


def number_in(run: Run, column: str) -> float | None:
    """The value of a column as a finite number; None for anything else."""
    group, _, key = column.partition(".")
    values: Mapping[str, object] = run.params if group == "params" else run.metrics
    value = values.get(key if group in {"params", "metrics"} else column)
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _line(run: Run, values: Sequence[float], axes: Sequence[Axis]) -> Line:
    heights = [_share(value, axis) for value, axis in zip(values, axes, strict=True)]
    span = HEIGHT - _TOP - _BOTTOM
    points = " ".join(f"{axis.x},{_TOP + span * (1 - height):.1f}" for axis, height in zip(axes, heights, strict=True))
    shown = ", ".join(f"{axis.name} {value:g}" for axis, value in zip(axes, values, strict=True))
    return Line(f"{run.name}: {shown}", points, min(int(heights[-1] * _SHADES), _SHADES - 1))


def _share(value: float, axis: Axis) -> float:
    return (value - axis.low) / (axis.high - axis.low) if axis.high > axis.low else 0.5
