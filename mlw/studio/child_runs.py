"""Child runs of a run: trials of a sweep, models of automated machine learning, steps; a table by objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlw.jobs.job_tracking import JOB_TAG
from mlw.studio.run_drawings import HEIGHT, WIDTH, parallel_coordinates
from mlw.tracking import tracked_runs
from mlw.tracking.tracking_client import TrackingClient
from mlw.tracking.tracking_records import PARENT, Run
from mlw.tracking.tracking_text import value_of

MAXIMUM = 200
_METRICS, _PARAMS = 4, 6


@dataclass(frozen=True, slots=True)
class Objective:
    """What child runs are compared by; no metric for nothing."""

    metric: str = ""
    is_maximised: bool = True


def objective_of(document: Mapping[str, Any]) -> Objective:
    """The objective of the document of a sweep, or of automated machine learning."""
    given = document.get("objective")
    if isinstance(given, Mapping):
        return Objective(str(given.get("primary_metric") or ""), str(given.get("goal")).lower() != "minimize")
    metric = str(document.get("primary_metric") or "")
    return Objective(metric, not any(word in metric.lower() for word in ("error", "loss")))


def read(client: TrackingClient, run: str, experiment: str, objective: Objective) -> Mapping[str, Any] | None:
    """Read the child runs, the best first; None if there are none.

    Args:
        client: Of the workspace.
        run: Id of the parent.
        experiment: Id of its experiment.
        objective: What they are compared by.
    """
    text = f"tags.`{PARENT}` = '{run}'"
    found = tracked_runs.search(client, [experiment], text=text, sort=["start_time:asc"], limit=MAXIMUM + 1)
    children = [one for one in found[:MAXIMUM] if one.tags.get(PARENT) == run]
    if not children:
        return None
    ranked = _ranked(children, objective)
    params = _differing(children)
    columns = [*_metrics(children, objective), *params[:_PARAMS]]
    return {
        "objective": objective,
        "columns": columns,
        "rows": [(one, one.tags.get(JOB_TAG, ""), [value_of(one, column) for column in columns]) for one in ranked],
        "best": ranked[0].id if objective.metric in ranked[0].metrics else "",
        "coordinates": parallel_coordinates(
            children, [*params[:_PARAMS], *reversed(_metrics(children, objective)[:2])]
        ),
        "size": {"width": WIDTH, "height": HEIGHT},
        "has_more": len(found) > MAXIMUM,
    }


def _ranked(runs: list[Run], objective: Objective) -> list[Run]:
    """Those with the objective first, the best of them at the top; others as they started."""
    sign = -1 if objective.is_maximised else 1
    with_value = [one for one in runs if objective.metric in one.metrics]
    return [
        *sorted(with_value, key=lambda one: sign * one.metrics[objective.metric]),
        *(one for one in runs if objective.metric not in one.metrics),
    ]


def _metrics(runs: list[Run], objective: Objective) -> list[str]:
    names = list(dict.fromkeys(name for one in runs for name in one.metrics))
    return sorted(names, key=lambda name: name != objective.metric)[:_METRICS]


def _differing(runs: list[Run]) -> list[str]:
    """Parameters that are not the same everywhere; all of a single run."""
    names = dict.fromkeys(name for one in runs for name in one.params)
    return [f"params.{name}" for name in names if len(runs) == 1 or len({one.params.get(name) for one in runs}) > 1]
