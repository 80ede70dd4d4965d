"""The page of one online endpoint: deployments, their requests, their logs, traffic, and a request to try."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from infra.errors import MlWorkspaceError
from mlw.insights.time_ranges import TimeRange
from mlw.online_endpoints import deployed_models, instance_logs
from mlw.online_endpoints.endpoint_documents import deployment_json, endpoint_json
from mlw.online_endpoints.endpoint_records import Deployment
from mlw.online_endpoints.serving_files import MLFLOW
from mlw.studio.job_page import shown
from mlw.studio.panel import PanelRequest
from mlw.studio.report_sections import section

if TYPE_CHECKING:
    from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace

RECENT = timedelta(minutes=5)
LOG_LINES = 30
_BODIES = {True: {"input_data": {"columns": [], "data": []}}, False: {"data": []}}
"""What is in the form at first: with a model of MLflow, or with a script."""


def read(request: PanelRequest, workspace: EndpointWorkspace) -> Mapping[str, Any]:
    """Read the endpoint that the address names."""
    endpoint = workspace.records.endpoint(request.text("endpoint"))
    deployments, instances = workspace.records.deployments(endpoint.name), workspace.engine.instances(endpoint.name)
    recent, filters = TimeRange(request.now - RECENT, request.now), {"endpoint": endpoint.name}
    rates = section(request, "deployments", filters, time_range=recent)
    by_name = {str(one["deployment"]): one for one in rates.records}
    return {
        "endpoint": endpoint_json(workspace, endpoint),
        "deployments": [
            (deployment_json(workspace, one, endpoint.traffic, instances), by_name.get(one.name)) for one in deployments
        ],
        "refused": by_name.get(""),
        "rates": rates,
        "statuses": section(request, "endpoints", filters, time_range=recent),
        "logs": [
            (one.name, number, shown(text.encode(errors="surrogateescape")))
            for one in deployments
            for number, text in instance_logs.read(workspace, one, LOG_LINES)
        ],
        "is_live": not request.text("paused"),
        "before": shares(endpoint.traffic),
        "test": _test(request, workspace, deployments, endpoint.traffic),
    }


def shares(traffic: Mapping[str, int]) -> str:
    """Shares as `--traffic` has them; the same text for the same shares."""
    return " ".join(f"{name}={share}" for name, share in sorted(traffic.items()) if share)


def _test(
    request: PanelRequest, workspace: EndpointWorkspace, deployments: Sequence[Deployment], traffic: Mapping[str, int]
) -> Mapping[str, Any]:
    """What the form of the test has in it."""
    chosen = request.text("deployment")
    found = {"deployment": chosen, "body": request.text("body"), "notice": ""}
    if found["body"] or not deployments:
        return found
    by_share = sorted(deployments, key=lambda one: (one.name != chosen, -traffic.get(one.name, 0), one.name))
    found["body"] = json.dumps(_BODIES[by_share[0].server == MLFLOW])
    return {**found, **_sample(workspace, by_share[0])} if request.text("sample") else found


def _sample(workspace: EndpointWorkspace, deployment: Deployment) -> Mapping[str, str]:
    """The request that was stored with a model, or why there is none."""
    if deployment.model is None:
        return {"notice": f"Deployment '{deployment.name}' has no model."}
    try:
        found = deployed_models.sample(deployment.model, workspace.connection, workspace.tracking)
    except MlWorkspaceError as exc:
        return {"notice": str(exc)}
    if not found:
        return {"notice": f"Model '{deployment.model.name}' has none: log it with `input_example`."}
    return {"body": found.decode(errors="replace")}
