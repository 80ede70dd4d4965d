"""Runs: a table that is filtered and sorted by MLflow, parallel coordinates, and the page of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlw.studio import run_page
from mlw.studio.page_templates import panel_url
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.run_drawings import HEIGHT, MOST_AXES, WIDTH, comparison_chart, number_in, parallel_coordinates
from mlw.studio.tracking_section import tracked
from mlw.tracking import experiments, tracked_runs
from mlw.tracking.tracking_client import TrackingClient, TrackingNotFoundError, TrackingRequestError
from mlw.tracking.tracking_records import Run
from mlw.tracking.tracking_text import value_of

MAXIMUM = 100
_METRICS, _PARAMS = 4, 3
_OFFERED = 12
_COMPARED = 4
"""Runs in a chart: as many as the page has colours for lines."""

_FIXED = {"run_name": "Run", "status": "Status", "start_time": "Started (UTC)"}


def load(request: PanelRequest, client: TrackingClient) -> Mapping[str, Any]:
    """Read the runs that the address describes, or the one that it names."""
    if request.text("run"):
        return {"page": run_page.read(request, client)}
    return {"page": None, **_table(request, client)}


def _table(request: PanelRequest, client: TrackingClient) -> dict[str, Any]:
    given = {name: request.text(name) for name in ("experiment", "filter", "sort", "columns")}
    known = experiments.search(client)
    names = experiments.names_of(known)
    found: list[Run] = []
    error = ""
    try:
        within = [experiments.find(client, given["experiment"]).id] if given["experiment"] else list(names)
        sort = [given["sort"]] if given["sort"] else []
        found = tracked_runs.search(client, within, text=given["filter"], sort=sort, limit=MAXIMUM + 1)
    except (TrackingRequestError, TrackingNotFoundError) as exc:
        error = str(exc)
    shown = found[:MAXIMUM]
    columns = [one.strip() for one in given["columns"].split(",") if one.strip()] or _default_columns(shown)
    return {
        "given": given,
        "error": error,
        "experiments": known,
        "names": names,
        "columns": columns,
        "headings": [*_FIXED.items(), *((column, column) for column in columns)],
        "metric_link": lambda metric: panel_url(request.access.stack.name, "runs", **given, metric=metric),
        "sort_links": {column: _sort_link(request, given, column) for column in (*_FIXED, *columns)},
        "sorted_by": given["sort"].partition(":")[0],
        "is_descending": given["sort"].endswith(":desc"),
        "rows": [(run, [value_of(run, column) for column in columns]) for run in shown],
        "has_more": len(found) > MAXIMUM,
        "metrics": list(dict.fromkeys(name for run in shown for name in run.metrics))[:_OFFERED],
        "compared": _compared(request, client, shown),
        "coordinates": parallel_coordinates(shown, columns if given["columns"] else _axes(shown)),
        "size": {"width": WIDTH, "height": HEIGHT},
    }


def _compared(request: PanelRequest, client: TrackingClient, shown: Sequence[Run]) -> dict[str, Any] | None:
    """The metric that the address names, of the first runs of the table that have it."""
    metric = request.text("metric")
    runs = [run for run in shown if metric in run.metrics][:_COMPARED]
    if not runs:
        return None
    names = [run.name or run.id[:8] for run in runs]
    labels = [name if names.count(name) == 1 else f"{name} {run.id[:6]}" for name, run in zip(names, runs, strict=True)]
    histories = {label: tracked_runs.history(client, run.id, metric) for label, run in zip(labels, runs, strict=True)}
    return {"metric": metric, "labels": labels, "data": comparison_chart(histories)}


def _default_columns(runs: Sequence[Run]) -> list[str]:
    """The first metrics and parameters of the runs."""
    metrics = list(dict.fromkeys(name for run in runs for name in run.metrics))[:_METRICS]
    params = list(dict.fromkeys(f"params.{name}" for run in runs for name in run.params))[:_PARAMS]
    return [*metrics, *params]


def _axes(runs: Sequence[Run]) -> list[str]:
    """Parameters that differ, then metrics: what an experiment varies, and what comes out."""
    params = dict.fromkeys(f"params.{name}" for run in runs for name in run.params)
    differing = [name for name in params if len({number_in(run, name) for run in runs}) > 1]
    metrics = list(dict.fromkeys(name for run in runs for name in run.metrics))
    room = max(MOST_AXES - len(differing), MOST_AXES // 2)
    return [*differing[: MOST_AXES - min(room, len(metrics))], *metrics[:room]]


def _sort_link(request: PanelRequest, given: Mapping[str, str], column: str) -> str:
    """Address of the same table in the order of a column; of the reverse one if it has it already."""
    wanted = f"{column}:desc" if given["sort"] != f"{column}:desc" else f"{column}:asc"
    return panel_url(request.access.stack.name, "runs", **{**given, "sort": wanted})


PANEL = Panel(
    key="runs",
    title="Runs",
    about="Training runs with their parameters and metrics. Choose a heading to sort by it.",
    group=Group.TRACKING,
    icon="list",
    template="runs.html",
    load=tracked(load),
)
