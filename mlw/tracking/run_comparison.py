"""Runs next to each other: their parameters and metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlw.output import table
from mlw.tracking import tracked_runs
from mlw.tracking.sparklines import sparkline
from mlw.tracking.tracking_client import TrackingClient
from mlw.tracking.tracking_records import Run, plain
from mlw.tracking.tracking_text import cell, duration, moment, number, state_of

_SPARK = 12
_DRAWN_METRICS = 20


def as_json(found: Sequence[Run], *, everything: bool) -> dict[str, Any]:
    """Names of parameters and metrics, each with its value by run."""
    return {
        "runs": [{"runId": run.id, "displayName": run.name, "status": run.status} for run in found],
        "params": {name: {run.id: run.params.get(name) for run in found} for name in _params(found, everything)},
        "metrics": {
            name: {run.id: plain(run.metrics[name]) if name in run.metrics else None for run in found}
            for name in _names([run.metrics for run in found])
        },
    }


def as_text(client: TrackingClient, found: Sequence[Run], *, everything: bool) -> str:
    """A table with a column for each run; metrics with several values have a line over their steps."""
    rows = [
        ["id", *(run.id for run in found)],
        ["status", *(state_of(run) for run in found)],
        ["started (UTC)", *(moment(run.start) for run in found)],
        ["duration", *(duration(run.seconds) for run in found)],
    ]
    params = _params(found, everything)
    rows += [[f"params.{cell(name)}", *(cell(run.params.get(name)) for run in found)] for name in params]
    for count, name in enumerate(_names([run.metrics for run in found])):
        is_drawn = count < _DRAWN_METRICS
        rows.append([cell(name), *(_metric(client, run, name, is_drawn=is_drawn) for run in found)])
    text = table(["", *(cell(run.name) for run in found)], rows)
    same = len(_names([run.params for run in found])) - len(params)
    return f"{text}\n\nThe same in all runs: {same} of the parameters; --all shows them." if same else text


def _metric(client: TrackingClient, run: Run, name: str, *, is_drawn: bool) -> str:
    if name not in run.metrics:
        return number(None)
    values = tracked_runs.history(client, run.id, name) if is_drawn else []
    return f"{number(run.metrics[name])} {sparkline([one.value for one in values], _SPARK)}".rstrip()


def _params(found: Sequence[Run], everything: bool) -> list[str]:  # noqa: FBT001 - passed on
    names = _names([run.params for run in found])
    return [name for name in names if everything or len({run.params.get(name) for run in found}) > 1]


def _names(values: Sequence[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for one in values for name in one))
