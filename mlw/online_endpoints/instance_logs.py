"""The last lines that the instances of a deployment have written."""

from __future__ import annotations

from collections.abc import Iterator

from mlw.online_endpoints.endpoint_records import Deployment
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace


def read(workspace: EndpointWorkspace, deployment: Deployment, lines: int) -> Iterator[tuple[int, str]]:
    """Number of each instance, and its last lines."""
    for number in range(deployment.instance_count):
        yield number, workspace.engine.log(workspace.engine.instance_of(deployment, number), lines)
