"""What every component shares: its Azure properties, its identity labels, options for its children."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pulumi

from infra import labels
from infra.components.access import Principal
from infra.rules.physical_names import physical_name
from infra.rules.resources import COMPONENT_TYPES
from infra.settings import Limit, ResourceSettings

if TYPE_CHECKING:
    from infra.components.certificates import Certificates


@dataclass(frozen=True, kw_only=True, slots=True)
class TelemetryTarget:
    """Where the stack's own services send their telemetry: its application insights, over the stack's network."""

    host: str
    """Name by which the stack's containers reach it: OTLP over HTTP at port 4318, StatsD at 8125 (UDP)."""

    token: pulumi.Output[str]
    """Token of the services, not of the stack's users; secret."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where containers run: what the resource group and the reservation give to every component."""

    reservation: pulumi.Resource
    """What every child waits for that would touch the engine or leave something in the state."""

    network: pulumi.Output[str]
    """Name of the resource group's network."""

    ports: pulumi.Output[dict[str, int]]
    """Host port of each use."""

    image_ids: pulumi.Output[dict[str, str]]
    """Image id of each service."""

    principals: Sequence[Principal] = ()
    """Who has a role in the workspace; every component lets them in as far as the role goes."""

    certificates: Certificates | None = None
    """What the containers show their clients; None where they serve plain HTTP."""

    telemetry: TelemetryTarget | None = None
    """Where services send their own telemetry; None where the application insights is another stack's."""

    limits: Mapping[str, Limit] = field(default_factory=dict)
    """What a service may use of the machine, by its section of the stack file."""

    @property
    def authority(self) -> pulumi.Output[str] | None:
        """Certificate (PEM) of the authority that the endpoints' certificates are of; None for plain HTTP."""
        return self.certificates.authority if self.certificates else None

    @property
    def trust(self) -> pulumi.Input[str]:
        """The same for resources that talk to a service: the empty text stands for plain HTTP."""
        return self.certificates.authority if self.certificates else ""

    def port(self, use: str) -> pulumi.Output[int]:
        """Host port of one use."""
        return self.ports.apply(lambda ports: int(ports[use]))

    def url(self, use: str) -> pulumi.Output[str]:
        """Base URL of one use, as clients on this machine reach it."""
        scheme = "http" if self.authority is None else "https"
        return self.port(use).apply(lambda port: f"{scheme}://127.0.0.1:{port}")

    def image(self, service: str) -> pulumi.Output[str]:
        """Image id of one service."""
        return self.image_ids.apply(lambda ids: ids[service])


class Component(pulumi.ComponentResource):
    """Base of the components.

    Args:
        pulumi_type: Type token.
        name: The Azure resource's name; prefix of every child's logical and physical name.
        props: The resource's Azure properties, which policies see before any child is made.
        parent: The component it lives in.
    """

    resource_name: str
    """The Azure resource's name."""

    resource_id: str
    """The Azure resource's full id."""

    def __init__(
        self, pulumi_type: str, name: str, props: Mapping[str, Any], *, parent: pulumi.Resource | None = None
    ) -> None:
        super().__init__(pulumi_type, name, dict(props), pulumi.ResourceOptions(parent=parent))
        self.resource_name = name
        self.resource_id = props["resourceId"]

    def identity(self) -> dict[str, str]:
        """Labels of every Docker object of this component."""
        return labels.identity(stack=pulumi.get_stack(), resource_id=self.resource_id)

    def child_options(
        self, *, after: pulumi.Resource | None = None, deleted_with: pulumi.Resource | None = None
    ) -> pulumi.ResourceOptions:
        """Options of a child: it belongs to the component; what has a fixed name makes room before it is replaced."""
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=[after] if after else None,
            delete_before_replace=True,
            deleted_with=deleted_with,
        )


class ServiceComponent(Component):
    """Base of the components that are served by a container.

    A subclass makes its container and sets `endpoints`, `credentials` and `trust` in `provision`.

    Args:
        settings: The Azure resource, complete and judged.
        parent: The resource group's component.
    """

    type_token: ClassVar[str]
    """Pulumi type."""

    engine_role: ClassVar[str]
    """What the component is on the engine, e.g. ``registry``; suffix of its container's name.

    Not ``role``: Pulumi sets every property as an attribute, and a storage account has a property of that name.
    """

    volumes: ClassVar[Mapping[str, str]]
    """Part of a volume's name to the folder in the container."""

    credentials_key: str
    """Where its credentials stand in the stack's output `credentials`."""

    uses: tuple[str, ...]
    """Its host ports, as they are reserved; keys of the stack's output `endpoints`."""

    endpoints: Mapping[str, pulumi.Output[str]]
    """Addresses for clients by use, each known when it is ready."""

    credentials: pulumi.Output[dict[str, str]]
    """What a client needs to be let in; secret."""

    trust: pulumi.Input[str]
    """Authority (PEM) that its certificate is of; empty where it serves plain HTTP."""

    @property
    def container_name(self) -> str:
        """Name of the component's container."""
        return f"{physical_name(self.resource_name)}-{self.engine_role}"

    def volume_name(self, part: str) -> str:
        """Name of one of the component's volumes."""
        return f"{self.container_name}-{part}"

    @property
    def section(self) -> str:
        """The section of the stack file that configures components of this kind."""
        return COMPONENT_TYPES[self.type_token].section

    def volume_names(self) -> list[str]:
        """Names of all the component's volumes."""
        return [self.volume_name(part) for part in self.volumes]

    def __init__(self, settings: ResourceSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(self.type_token, settings.name, settings.props(), parent=parent)

    @abstractmethod
    def provision(self, site: Site) -> None:
        """Make the container and what belongs to it, and wait until it is ready."""
