"""Endpoints and deployments as commands print them: Azure's names, and tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mlw.online_endpoints import endpoint_identity
from mlw.online_endpoints.data_collection import DataCollection
from mlw.online_endpoints.deployment_instances import Instance
from mlw.online_endpoints.deployment_settings import DEFAULT_SIZE, settings_of
from mlw.online_endpoints.endpoint_records import Deployment, Endpoint
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace
from mlw.output import table
from mlw.tracking.tracking_text import cell

SUCCEEDED, FAILED = "Succeeded", "Failed"


def endpoint_json(workspace: EndpointWorkspace, endpoint: Endpoint) -> dict[str, Any]:
    """One endpoint."""
    return {
        "name": endpoint.name,
        "auth_mode": "key",
        "identity": endpoint_identity.document(endpoint.identity, workspace.record_id),
        "provisioning_state": SUCCEEDED,
        "scoring_uri": workspace.scoring_uri(endpoint.name),
        "openapi_uri": f"{workspace.front}/{endpoint.name}/swagger.json",
        "description": endpoint.description,
        "traffic": dict(endpoint.traffic),
        "mirror_traffic": dict(endpoint.mirror_traffic),
        "tags": dict(endpoint.tags),
        "properties": dict(endpoint.properties),
        "kind": "Managed",
        "creation_context": endpoint.creation_context,
    }


def endpoint_table(found: Sequence[Mapping[str, Any]]) -> str:
    """Endpoints as a table."""
    rows = [(one["name"], _shares(one["traffic"]), one["scoring_uri"], cell(one["description"])) for one in found]
    return table(("NAME", "TRAFFIC", "SCORING URI", "DESCRIPTION"), rows, whole=(0, 2))


def deployment_json(
    workspace: EndpointWorkspace, deployment: Deployment, traffic: Mapping[str, int], instances: Sequence[Instance]
) -> dict[str, Any]:
    """One deployment: its file, and what it became.

    Args:
        workspace: The workspace.
        deployment: The deployment.
        traffic: The shares of its endpoint.
        instances: The containers of its endpoint.
    """
    deployment = workspace.located(deployment)
    settings, model = settings_of(deployment.document), deployment.model
    running = [one for one in instances if one.is_running]
    ready = [one for one in running if (one.deployment, one.revision) == (deployment.name, deployment.revision)]
    return {
        "name": deployment.name,
        "endpoint_name": deployment.endpoint,
        "provisioning_state": SUCCEEDED if len(ready) >= deployment.instance_count else FAILED,
        "type": "managed",
        "instance_type": settings.instance_type or DEFAULT_SIZE,
        "instance_count": deployment.instance_count,
        "instances_running": len(ready),
        "traffic": int(traffic.get(deployment.name, 0)),
        "description": str(deployment.document.get("description") or ""),
        "tags": dict(deployment.document.get("tags") or {}),
        "properties": dict(deployment.document.get("properties") or {}),
        "model": f"azureml:{model.name}:{model.version}" if model else None,
        "code_configuration": {"code": deployment.code, "scoring_script": deployment.script}
        if deployment.code
        else None,
        "environment": deployment.document.get("environment"),
        "environment_variables": dict(settings.variables),
        "image": deployment.image,
        "server": deployment.server,
        "request_settings": {
            "request_timeout_ms": int(settings.timeout_seconds * 1000),
            "max_concurrent_requests_per_instance": settings.max_concurrent,
        },
        **_collected(workspace, settings.collection, [one.name for one in ready]),
        "revision": deployment.revision,
        "creation_context": deployment.creation_context,
    }


def _collected(
    workspace: EndpointWorkspace, collection: DataCollection | None, instances: Sequence[str]
) -> dict[str, Any]:
    """What is collected, and how many records its instances have taken, written and dropped since they started."""
    if collection is None:
        return {}
    counts: Counter[str] = Counter()
    for name in instances:
        counts.update(workspace.engine.collected(name))
    assets = {one.name: {"data": f"azureml:{one.asset}:{one.version}", "path": one.uri}
              for one in collection.collections}  # fmt: skip
    rates = {"sampling_rate": collection.sampling_rate, "rolling_rate": collection.rolling_rate}
    records = {key: counts[key] for key in ("collected", "stored", "dropped")}
    return {"data_collector": {"collections": assets, **rates, "records": records}}


def deployment_table(found: Sequence[Mapping[str, Any]]) -> str:
    """Deployments as a table."""
    rows = [
        (
            one["name"], one["provisioning_state"], f"{one['traffic']} %",
            f"{one['instances_running']}/{one['instance_count']}", one["instance_type"], cell(one["model"] or ""),
        )
        for one in found
    ]  # fmt: skip
    return table(("NAME", "STATE", "TRAFFIC", "INSTANCES", "SIZE", "MODEL"), rows, whole=(0,))


def _shares(traffic: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {share} %" for name, share in traffic.items() if share) or "none"
