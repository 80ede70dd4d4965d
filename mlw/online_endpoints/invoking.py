"""Sends a request to an endpoint, as its clients do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.clients.connection_errors import reporting_unreachable
from infra.clients.tls import tls_sessions
from mlw.online_endpoints import endpoint_keys
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace

if TYPE_CHECKING:
    import requests

DEPLOYMENT_HEADER = "azureml-model-deployment"
_SECONDS = 200.0
_OK = range(200, 300)


def invoke(workspace: EndpointWorkspace, endpoint: str, body: bytes, *, deployment: str = "") -> str:
    """Send a request with the primary key; the response.

    Args:
        workspace: The workspace.
        endpoint: Its name.
        body: The request, JSON.
        deployment: Only this one; empty for whichever the traffic rules choose.

    Raises:
        EndpointError: The endpoint or its model returns an error; quotes it.
    """
    keys = endpoint_keys.read(workspace, endpoint)
    headers = {"Authorization": f"Bearer {keys.primary}", "Content-Type": "application/json"}
    if deployment:
        headers[DEPLOYMENT_HEADER] = deployment
    address = workspace.scoring_uri(endpoint)
    with (
        reporting_unreachable("front of the online endpoints", workspace.front),
        tls_sessions.session(workspace.stack.ca_certificate) as session,
    ):
        response = session.post(address, data=body, headers=headers, timeout=_SECONDS)
    return _checked(response, f"online endpoint '{endpoint}'")


def invoke_at(address: str, body: bytes, called: str) -> str:
    """Send a request to a local deployment; the response.

    Args:
        address: Where it listens.
        body: The request, JSON.
        called: What messages call it.

    Raises:
        EndpointError: It returns an error; quotes it.
    """
    import requests  # noqa: PLC0415 - only for such deployments

    with reporting_unreachable(called, address), requests.Session() as session:
        session.trust_env = False
        response = session.post(address, data=body, headers={"Content-Type": "application/json"}, timeout=_SECONDS)
    return _checked(response, called)


def _checked(response: requests.Response, called: str) -> str:
    if response.status_code not in _OK:
        raise EndpointError(f"invoking {called}: it returned {response.status_code}: {response.text.strip()}")
    return response.text
