"""Experiments, runs and metrics as text for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from mlw.insights.result_text import aligned_table, one_line
from mlw.output import table
from mlw.tracking.sparklines import sparkline
from mlw.tracking.tracking_client import TrackingRequestError
from mlw.tracking.tracking_records import Run, Value

NOTHING = "-"
_LONGEST = 60
_METRIC_COLUMNS = 4
_MINUTE, _HOUR = 60, 3600


def cell(text: object) -> str:
    """Text of other people in a table: without line breaks and control characters."""
    return NOTHING if text is None or text == "" else one_line(str(text))


def moment(value: datetime | None) -> str:
    """Write a time in UTC."""
    return value.strftime("%Y-%m-%d %H:%M:%S") if value else NOTHING


def duration(seconds: float | None) -> str:
    """Write a duration, e.g. ``0.8 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds is None:
        return NOTHING
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def number(value: float | None) -> str:
    """Write a metric with six digits."""
    if value is None:
        return NOTHING
    return f"{value:.6g}" if math.isfinite(value) else str(value)


def facts(values: Mapping[str, object]) -> str:
    """A table of names and values."""
    return table(("KEY", "VALUE"), [(cell(key), cell(value)) for key, value in values.items()])


def run_table(runs: Sequence[Run], experiments: Mapping[str, str], columns: Sequence[str] = ()) -> str:
    """Runs with chosen columns; by default the first metrics of all.

    Args:
        runs: The runs.
        experiments: Name of each experiment by its id.
        columns: Metrics, or ``params.NAME`` and ``tags.NAME``.
    """
    chosen = list(columns) or list(dict.fromkeys(name for run in runs for name in run.metrics))[:_METRIC_COLUMNS]
    headings = ["RUN", "ID", "EXPERIMENT", "STATUS", "STARTED (UTC)", "DURATION", *chosen]
    rows = [
        [
            cell(run.name), run.id, cell(experiments.get(run.experiment_id, run.experiment_id)), state_of(run),
            moment(run.start), duration(run.seconds), *(value_of(run, column) for column in chosen),
        ]
        for run in runs
    ]  # fmt: skip
    is_left = [True] * 5 + [False] + [column.startswith(("params.", "tags.")) for column in chosen]
    return aligned_table(headings, rows, is_left, whole=(1,))


def state_of(run: Run) -> str:
    """Status of a run; deleted ones say so."""
    return "deleted" if run.stage == "deleted" else run.status.lower()


def value_of(run: Run, column: str) -> str:
    """A column of a run.

    Raises:
        TrackingRequestError: There is no such column.
    """
    group, _, key = column.partition(".")
    values = {"params": run.params, "tags": run.tags}
    if group in values:
        return cell(values[group].get(key))[:_LONGEST]
    name = key if group == "metrics" else column
    if not name:
        raise TrackingRequestError(f"showing column '{column}': write a metric, params.NAME or tags.NAME.")
    return number(run.metrics.get(name))


def metric_table(histories: Mapping[str, Sequence[Value]]) -> str:
    """Metrics with their last, lowest and highest value, and a line over their steps."""
    headings = ("METRIC", "LAST", "LOWEST", "HIGHEST", "VALUES", "OVER STEPS")
    rows = []
    for name, values in histories.items():
        numbers = [one.value for one in values]
        finite = [value for value in numbers if math.isfinite(value)]
        rows.append(
            [
                cell(name), number(numbers[-1] if numbers else None), number(min(finite, default=None)),
                number(max(finite, default=None)), str(len(numbers)), sparkline(numbers),
            ]
        )  # fmt: skip
    return aligned_table(headings, rows, [True, False, False, False, False, True])
