"""Sends the trace of a run to the workspace's own application insights, if it has its own, and it runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra.clients import readiness_probes
from infra.clients.engine import engine_queries
from infra.services import APPLICATION_INSIGHTS
from mlw.lifecycle.checkpoints import Checkpoint

SECONDS = 1.0
"""Limit of each step of the request: a run does not wait for its trace."""

TOKENS = f"{APPLICATION_INSIGHTS.volumes['config']}/live/tokens"
"""The collector's file of tokens. Decrypting the stack's own from the state would take longer than the whole trace."""


def send(checkpoint: Checkpoint | None, request: Mapping[str, Any] | None) -> None:
    """Send the trace of a run, or drop it."""
    endpoints = (checkpoint.outputs.get("endpoints") if checkpoint else None) or {}
    address = endpoints.get("otlpHttp") if isinstance(endpoints, Mapping) else None
    container = _container(checkpoint) if checkpoint else ""
    if checkpoint is None or request is None or not address or not container:
        return
    tokens = engine_queries.read_file(container, TOKENS)
    if not tokens:
        return
    token = tokens.decode().split()[0]
    certificate = str(checkpoint.outputs.get("certificateAuthority") or "")
    connection = readiness_probes.open_connection(f"{address}/v1/traces", ca_certificate=certificate)
    connection.timeout = SECONDS
    try:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        connection.request("POST", "/v1/traces", json.dumps(request), headers)
        connection.getresponse().read()
    finally:
        connection.close()


def _container(checkpoint: Checkpoint) -> str:
    """Id of the stack's own collector; empty if it has none."""
    record = checkpoint.outputs.get("workspace")
    name = str(record.get("applicationInsights") or "").rpartition("/")[2] if isinstance(record, Mapping) else ""
    wanted = f"{name}-{APPLICATION_INSIGHTS.engine_role}"
    own = (item for item in checkpoint.docker_objects() if item.kind == "container" and item.name == wanted)
    return next((item.id for item in own), "")
