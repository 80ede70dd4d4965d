"""Servers of a workspace that are no Azure resources of their own, and what their configurations have in common."""

from __future__ import annotations

from typing import Any, Protocol

import pulumi

from infra.components.component import ServiceComponent
from infra.components.service_container import CA_CERTIFICATE
from infra.rules.names.engine_names import physical_name
from infra.services import Service
from infra.settings import WorkspaceSettings

TELEMETRY_TOKEN = "telemetry-token"  # noqa: S105 - the name of a file
"""File on the volume `config` of a server that sends telemetry."""


class _Settings(Protocol):
    def model_dump(self, *, by_alias: bool) -> dict[str, Any]:
        """The properties, by Azure's names."""


class WorkspaceServer(ServiceComponent):
    """Base of the servers: they have the id of their workspace, and names that begin with its name.

    Args:
        name: Name of the server.
        settings: Its properties.
        workspace: The workspace.
        parent: The resource group's component.
    """

    def __init__(
        self, name: str, settings: _Settings, workspace: WorkspaceSettings, *, parent: pulumi.Resource
    ) -> None:
        props = {"name": name, "resourceId": workspace.id, **settings.model_dump(by_alias=True)}
        super(ServiceComponent, self).__init__(self.type_token, name, props, parent=parent)
        self._workspace = workspace

    def container_name(self, service: Service) -> str:
        """Begins with the name of the workspace, as every object does with that of its resource."""
        return f"{physical_name(self._workspace.name)}-{service.engine_role}"


def collector(address: str, folder: str, *, tls: bool) -> dict[str, Any]:
    """Where a server sends its telemetry, in its configuration.

    Args:
        address: Host and port of OTLP over HTTP.
        folder: Folder of its configuration in the container.
        tls: Whether the stack's services have certificates.
    """
    return {
        "endpoint": f"{'https' if tls else 'http'}://{address}",
        "token": f"{folder}/{TELEMETRY_TOKEN}",
        **({"certificateAuthority": f"{folder}/{CA_CERTIFICATE}"} if tls else {}),
    }
