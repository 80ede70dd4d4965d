"""Batch endpoints and deployments as commands print them: Azure's names, and tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlw.batch_endpoints.batch_changes import AUTH_MODE, DEFAULTS, DEPLOYMENT_NAME
from mlw.batch_endpoints.batch_records import BatchDeployment, BatchEndpoint
from mlw.batch_endpoints.batch_settings import settings_of
from mlw.jobs.submission import compute_of
from mlw.output import table
from mlw.tracking.tracking_text import cell

_SUCCEEDED = "Succeeded"
"""A record is written when everything that it needs is stored."""


def endpoint_json(endpoint: BatchEndpoint) -> dict[str, Any]:
    """One endpoint."""
    return {
        "name": endpoint.name,
        "auth_mode": AUTH_MODE,
        "provisioning_state": _SUCCEEDED,
        "description": endpoint.description,
        DEFAULTS: {DEPLOYMENT_NAME: endpoint.default_deployment or None},
        "tags": dict(endpoint.tags),
        "properties": dict(endpoint.properties),
        "creation_context": endpoint.creation_context,
    }


def endpoint_table(found: Sequence[Mapping[str, Any]]) -> str:
    """Endpoints as a table."""
    rows = [(one["name"], one[DEFAULTS][DEPLOYMENT_NAME] or "none", cell(one["description"])) for one in found]
    return table(("NAME", "DEFAULT DEPLOYMENT", "DESCRIPTION"), rows, whole=(0,))


def deployment_json(deployment: BatchDeployment, default: str) -> dict[str, Any]:
    """One deployment: its file, and where its model and code are."""
    document, model = deployment.document, deployment.model
    return {
        "name": deployment.name,
        "endpoint_name": deployment.endpoint,
        "provisioning_state": _SUCCEEDED,
        "type": "model",
        "is_default": deployment.name == default,
        "description": str(document.get("description") or ""),
        "tags": dict(document.get("tags") or {}),
        "properties": dict(document.get("properties") or {}),
        "compute": compute_of(document),
        "model": f"azureml:{model.name}:{model.version}" if model else None,
        "code_configuration": {"code": deployment.code, "scoring_script": deployment.script}
        if deployment.code
        else None,
        "environment": deployment.environment,
        **settings_of(document),
        "creation_context": deployment.creation_context,
    }


def deployment_table(found: Sequence[Mapping[str, Any]]) -> str:
    """Deployments as a table."""
    rows = [
        (
            one["name"], "yes" if one["is_default"] else "no", cell(one["compute"]), cell(one["model"] or ""),
            str(one["mini_batch_size"]), str(one["output_action"]),
        )
        for one in found
    ]  # fmt: skip
    return table(("NAME", "DEFAULT", "COMPUTE", "MODEL", "FILES OF A MINI-BATCH", "OUTPUT"), rows, whole=(0,))
