"""Online endpoints: which there are, and the page of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlw.studio.endpoint_section import with_endpoints
from mlw.studio.panel import Group, Panel, PanelRequest

if TYPE_CHECKING:
    from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace


def load(request: PanelRequest, workspace: EndpointWorkspace) -> Mapping[str, Any]:
    """List the endpoints, or read the one that the address names."""
    from mlw.online_endpoints.endpoint_documents import endpoint_json  # noqa: PLC0415 - needs clients of services
    from mlw.studio import endpoint_page  # noqa: PLC0415 - likewise

    if request.text("endpoint"):
        return {"page": endpoint_page.read(request, workspace)}
    found = [
        (endpoint_json(workspace, endpoint), [one.name for one in deployments])
        for endpoint, deployments in workspace.records.everything()
    ]
    return {"page": None, "endpoints": found}


def submit(request: PanelRequest, form: Mapping[str, str]) -> Mapping[str, Any] | str:
    """Do what a form of the page asks for."""
    from mlw.studio import endpoint_requests  # noqa: PLC0415 - as above

    return endpoint_requests.submit(request, form)


PANEL = Panel(
    key="endpoints",
    title="Endpoints",
    about="Online endpoints, their deployments, traffic and requests.",
    group=Group.JOBS,
    icon="link",
    template="endpoints.html",
    load=with_endpoints(load),
    submit=submit,
)
