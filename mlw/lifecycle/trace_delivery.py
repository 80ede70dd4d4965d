"""Sends the trace of a run to the workspace's own application insights, if it has its own, and it runs."""

from __future__ import annotations

import http
import json
from collections.abc import Mapping
from concurrent.futures import Future
from threading import Thread
from typing import Any

from infra.clients import readiness_probes
from infra.clients.engine import engine_queries
from infra.rules.resources import component_types
from infra.services import APPLICATION_INSIGHTS
from mlw.lifecycle.checkpoints import Checkpoint

SECONDS = 1.0
"""Limit of each step of the request: a run does not wait for its trace."""

TOKENS = f"{APPLICATION_INSIGHTS.volumes['config']}/live/tokens"
"""The collector's file of tokens. Decrypting the stack's own from the state would take longer than the whole trace."""

_CONTAINER, _RECORD = "docker:index/container:Container", ":WorkspaceRecord"
_SUFFIX = f"-{APPLICATION_INSIGHTS.engine_role}"


class TraceDelivery:
    """Sends the trace of one run. The token is read while the run ends, because that takes the engine a moment."""

    def __init__(self) -> None:
        self._collector, self._ahead = "", None  # type: str, Future[bytes | None] | None

    def on_outputs(self, urn: str, type_: str) -> None:
        """Start reading the token when the record, which comes last, has been written."""
        name = urn.rpartition("::")[2]
        if type_ == _CONTAINER and f"{component_types.APPLICATION_INSIGHTS}$" in urn and name.endswith(_SUFFIX):
            self._collector = name
        elif type_.endswith(_RECORD) and self._collector and self._ahead is None:
            self._ahead = Future()
            # A daemon: a run does not wait for its trace.
            Thread(target=_read_into, args=(self._ahead, self._collector), daemon=True).start()

    def send(self, checkpoint: Checkpoint | None, request: Mapping[str, Any] | None) -> None:
        """Send the trace, or drop it."""
        endpoints = (checkpoint.outputs.get("endpoints") if checkpoint else None) or {}
        address = endpoints.get("otlpHttp") if isinstance(endpoints, Mapping) else None
        container = _container(checkpoint) if checkpoint else ""
        if checkpoint is None or request is None or not address or not container:
            return
        certificate = str(checkpoint.outputs.get("certificateAuthority") or "")
        tokens = self._ahead.result(SECONDS) if self._ahead else None
        status = _post(address, certificate, tokens, request)
        if status is None or status == http.HTTPStatus.UNAUTHORIZED:  # not read, or replaced meanwhile
            _post(address, certificate, engine_queries.read_file(container, TOKENS), request)


def _read_into(result: Future[bytes | None], container: str) -> None:
    try:
        result.set_result(engine_queries.read_file(container, TOKENS))
    except Exception:
        result.set_result(None)


def _post(address: str, certificate: str, tokens: bytes | None, request: Mapping[str, Any]) -> int | None:
    """Send it with the first token; the result is the status, or None without a token."""
    if not tokens:
        return None
    connection = readiness_probes.open_connection(f"{address}/v1/traces", ca_certificate=certificate)
    connection.timeout = SECONDS
    try:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {tokens.decode().split()[0]}"}
        connection.request("POST", "/v1/traces", json.dumps(request), headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def _container(checkpoint: Checkpoint) -> str:
    """Id of the stack's own collector; empty if it has none."""
    record = checkpoint.outputs.get("workspace")
    name = str(record.get("applicationInsights") or "").rpartition("/")[2] if isinstance(record, Mapping) else ""
    wanted = f"{name}{_SUFFIX}"
    own = (item for item in checkpoint.docker_objects() if item.kind == "container" and item.name == wanted)
    return next((item.id for item in own), "")
