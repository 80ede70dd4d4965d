"""The context for provisioning components: values from the resource group, the reservation and the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from infra.components.principal import Principal
from infra.components.tls_certificates import Certificates
from infra.resources.stack_identity import StackIdentity
from infra.services import APPLICATION_INSIGHTS, Service
from infra.settings import Limit


@dataclass(frozen=True, kw_only=True, slots=True)
class TelemetryTarget:
    """The stack's application insights, as the target of its own services' telemetry over the stack's network."""

    host: str
    """Its host name in the stack's network; StatsD on port 8125 (UDP)."""

    token: pulumi.Output[str]
    """Token for the services, not for users; secret."""

    tracking_token: pulumi.Output[str] | None = None
    """Token of the tracking server; None if there is none. Secret."""

    inference_token: pulumi.Output[str] | None = None
    """Token of the front of the online endpoints; None if there is none. Secret."""

    @property
    def otlp_http(self) -> str:
        """Host and port of OTLP over HTTP."""
        return f"{self.host}:{APPLICATION_INSIGHTS.endpoints[0].port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AvailabilityTest:
    """A health check of one of the stack's endpoints over the stack's network, made every minute."""

    name: str
    """The use of the endpoint, e.g. ``storage``."""

    url: str
    expected: frozenset[int]
    """Status codes of an available service."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InternalAddress:
    """A service as another container reaches it, over a network of the engine."""

    url: str
    ca_certificate: pulumi.Input[str] = ""
    """CA certificate (PEM) of the URL; empty for plain HTTP."""

    network: str = ""
    """Network of the stack that owns the service; empty if it is this stack."""

    @classmethod
    def of(
        cls, service: Service, *, container: str, network: str, ca_certificate: pulumi.Input[str]
    ) -> InternalAddress:
        """Address of the first endpoint of a service in the stack's own network.

        Without TLS it is the container's name alone, because that of a network may be too long for a host name.

        Args:
            service: The service.
            container: Name of its container.
            network: Name of the network.
            ca_certificate: CA certificate (PEM); empty for plain HTTP.
        """
        tls = ca_certificate != ""
        host = f"{container}.{network}".lower() if tls else container
        url = f"{'https' if tls else 'http'}://{host}:{service.endpoints[0].port}"
        return cls(url=url, ca_certificate=ca_certificate)

    @property
    def has_tls(self) -> bool:
        """Whether the URL is one of HTTPS."""
        return self.url.startswith("https:")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvisioningContext:
    """The context in which components create their containers."""

    identity: StackIdentity
    """Identity of the stack, for labels."""

    reservation: pulumi.Resource
    """Every child that uses the engine or stores data in the state depends on it."""

    network: pulumi.Output[str]
    """Name of the resource group's network."""

    ports: pulumi.Output[dict[str, int]]
    """Host port of each use."""

    image_ids: pulumi.Output[dict[str, str]]
    """Image id of each service."""

    workspace_id: pulumi.Output[str]
    """GUID of the workspace."""

    guest_options: pulumi.ResourceOptions
    """Options of the workspace's resources in another stack's services."""

    existing_endpoints: Mapping[str, str] = field(default_factory=dict)
    """Endpoints of another stack's services that the workspace's principals may use."""

    memory_mib: pulumi.Output[int] | None = None
    """Memory of the engine's machine; None for a stack without compute instances."""

    containers: Sequence[str] = ()
    """Containers of the registered datastores that are in the workspace's storage account."""

    principals: Sequence[Principal] = ()
    """Principals with a role in the workspace; each component gives them the permissions of their roles."""

    certificates: Certificates | None = None
    """The containers' certificates; None for plain HTTP."""

    telemetry: TelemetryTarget | None = None
    """Target of the services' own telemetry; None if another stack owns the application insights."""

    availability_tests: Sequence[AvailabilityTest] = ()
    """Health checks of the stack's own endpoints."""

    limits: Mapping[str, Limit] = field(default_factory=dict)
    """CPU and memory limits of the services, by their names."""

    @property
    def ca_certificate(self) -> pulumi.Input[str]:
        """CA certificate (PEM) of the endpoints; empty for plain HTTP."""
        return self.certificates.ca_certificate if self.certificates else ""

    def port(self, use: str) -> pulumi.Output[int]:
        """Host port of one use."""
        return self.ports.apply(lambda ports: int(ports[use]))

    def url(self, use: str) -> pulumi.Output[str]:
        """Base URL of one use, for clients on this machine."""
        scheme = "https" if self.certificates else "http"
        return self.port(use).apply(lambda port: f"{scheme}://127.0.0.1:{port}")

    def image(self, service: str) -> pulumi.Output[str]:
        """Image id of one service."""
        return self.image_ids.apply(lambda ids: ids[service])
