"""What the resource group, the reservation and the stack's settings give to every component that is provisioned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from infra.components.principal import Principal
from infra.components.tls_certificates import Certificates
from infra.resources.stack_identity import StackIdentity
from infra.services import APPLICATION_INSIGHTS
from infra.settings import Limit


@dataclass(frozen=True, kw_only=True, slots=True)
class TelemetryTarget:
    """Where the stack's own services send their telemetry: its application insights, over the stack's network."""

    host: str
    """Name by which the stack's containers reach it; StatsD at port 8125 (UDP)."""

    token: pulumi.Output[str]
    """Token of the services, not of the stack's users; secret."""

    @property
    def otlp_http(self) -> str:
        """Host and port of OTLP over HTTP."""
        return f"{self.host}:{APPLICATION_INSIGHTS.endpoints[0].port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvisioningContext:
    """Where containers run: what the resource group and the reservation give to every component."""

    identity: StackIdentity
    """Whose the stack's objects are."""

    reservation: pulumi.Resource
    """What every child waits for that would touch the engine or leave something in the state."""

    network: pulumi.Output[str]
    """Name of the resource group's network."""

    ports: pulumi.Output[dict[str, int]]
    """Host port of each use."""

    image_ids: pulumi.Output[dict[str, str]]
    """Image id of each service."""

    workspace_id: pulumi.Output[str]
    """GUID of the workspace."""

    guest_options: pulumi.ResourceOptions
    """Options of what the workspace makes in another stack's services."""

    existing_endpoints: Mapping[str, str] = field(default_factory=dict)
    """Endpoints of another stack's services that let in the workspace's principals."""

    containers: Sequence[str] = ()
    """Containers of the registered datastores that are in the workspace's storage account."""

    principals: Sequence[Principal] = ()
    """Who has a role in the workspace; every component lets them in as far as the role goes."""

    certificates: Certificates | None = None
    """What the containers show their clients; None where they serve plain HTTP."""

    telemetry: TelemetryTarget | None = None
    """Where services send their own telemetry; None where the application insights is another stack's."""

    limits: Mapping[str, Limit] = field(default_factory=dict)
    """What a service may use of the machine, by its section of the stack file."""

    @property
    def ca_certificate(self) -> pulumi.Input[str]:
        """CA certificate (PEM) that the endpoints' certificates are issued by; empty for plain HTTP."""
        return self.certificates.ca_certificate if self.certificates else ""

    def port(self, use: str) -> pulumi.Output[int]:
        """Host port of one use."""
        return self.ports.apply(lambda ports: int(ports[use]))

    def url(self, use: str) -> pulumi.Output[str]:
        """Base URL of one use, as clients on this machine reach it."""
        scheme = "https" if self.certificates else "http"
        return self.port(use).apply(lambda port: f"{scheme}://127.0.0.1:{port}")

    def image(self, service: str) -> pulumi.Output[str]:
        """Image id of one service."""
        return self.image_ids.apply(lambda ids: ids[service])
