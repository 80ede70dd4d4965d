"""The page of one run: facts, parameters, metrics over steps or time, tags, artifacts, models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.studio import child_runs
from mlw.studio.panel import PanelRequest
from mlw.studio.run_drawings import metric_chart
from mlw.tracking import artifacts, experiments, logged_models, run_report, stored_snapshots, tracked_runs
from mlw.tracking.run_report import RunReport
from mlw.tracking.tracking_client import TrackingClient

CHARTS = 12


def read(request: PanelRequest, client: TrackingClient) -> Mapping[str, Any]:
    """Read the run that the address names, and the folder of its artifacts."""
    run = tracked_runs.find(client, request.text("run"))
    folder, over_time = request.text("folder"), request.text("x") == "time"
    root = artifacts.root_of(run.artifact_uri)
    report = RunReport(
        run=run,
        experiment=experiments.find(client, run.experiment_id).name,
        histories=run_report.histories_of(client, run),
        artifacts=artifacts.listing(client, root, folder.rstrip("/")),
        models=logged_models.of_run(client, run),
    )
    drawn = [(name, values) for name, values in report.histories.items() if len(values) > 1][:CHARTS]
    snapshot = run.tags.get(stored_snapshots.TAG, "")
    return {
        "report": report,
        "run": run,
        "folder": folder,
        "crumbs": _crumbs(folder),
        "over_time": over_time,
        "charts": [(name, metric_chart(name, values, over_time=over_time)) for name, values in drawn],
        "metrics": [(name, *_range(report, name)) for name in run.metrics],
        "children": child_runs.read(client, run.id, run.experiment_id, child_runs.Objective()),
        "snapshot": snapshot,
        "snapshot_container": stored_snapshots.container_of(request.access.stack) if snapshot else "",
        "snapshot_blob": stored_snapshots.blob_of(snapshot),
    }


def _range(report: RunReport, name: str) -> tuple[float, float, float, int]:
    """Last, lowest and highest value, and how many there are."""
    values = [one.value for one in report.histories[name]]
    return report.run.metrics[name], min(values), max(values), len(values)


def _crumbs(folder: str) -> list[tuple[str, str]]:
    """Each folder on the way: its own name, and its path."""
    names = [name for name in folder.split("/") if name]
    return [(name, "/".join(names[: number + 1])) for number, name in enumerate(names)]
