"""Sends a request to an endpoint, as its clients do."""

from __future__ import annotations

from infra.clients.connection_errors import reporting_unreachable
from infra.clients.tls import tls_sessions
from mlw.online_endpoints import endpoint_keys
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace

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
    if response.status_code not in _OK:
        raise EndpointError(
            f"invoking online endpoint '{endpoint}': it returned {response.status_code}: {response.text.strip()}"
        )
    return response.text
