"""Base classes of the components: Azure properties, identity labels, options for children."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi

from infra.components.docker_objects import Container
from infra.components.provisioning_context import AvailabilityTest, ProvisioningContext
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.ready_gate import ReadyGate
from infra.rules.names.engine_names import physical_name
from infra.services import Endpoint, Service
from infra.settings import ResourceSettings

UNCHANGED_LABELS = pulumi.ResourceOptions(ignore_changes=["labels"])
"""Options of all Docker objects: the Docker provider would replace an object whose labels change."""

_MAXIMUM_LABEL = 63
"""Maximum length of a label of a host name."""


class Component(pulumi.ComponentResource):
    """Base of the components.

    Args:
        pulumi_type: Type token.
        name: The Azure resource's name; prefix of every child's logical and physical name.
        props: The resource's Azure properties, which policies check before any child is created.
        parent: The parent component.
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

    def child_options(
        self, *, after: pulumi.Resource | None = None, deleted_with: pulumi.Resource | None = None
    ) -> pulumi.ResourceOptions:
        """Options of a child of the component; it is deleted before it is replaced, because names are fixed."""
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=[after] if after else None,
            delete_before_replace=True,
            deleted_with=deleted_with,
        )


class ServiceComponent(Component):
    """Base of the components that run in containers.

    Args:
        settings: The Azure resource, complete and validated.
        parent: The resource group's component.
    """

    type_token: ClassVar[str]
    """Pulumi type."""

    services: ClassVar[tuple[Service, ...]]
    """Its services, each in its own container; the first one is what the resource is in Azure."""

    unawaited: Sequence[pulumi.Resource] = ()
    """Resources that the record does not depend on; a destroy must not delete them before the guards."""

    def __init__(self, settings: ResourceSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(self.type_token, settings.name, settings.props(), parent=parent)

    @property
    def owned(self) -> tuple[ServiceComponent, ...]:
        """The components that this stack runs itself."""
        return (self,)

    def credentials_key(self, service: Service) -> str:
        """Key of a service's credentials in the stack's output `credentials`."""
        return service.credentials_key

    def container_name(self, service: Service) -> str:
        """Name of a service's container."""
        return f"{physical_name(self.resource_name)}-{service.engine_role}"

    def use(self, endpoint: Endpoint) -> str:
        """The use under which a port of this component is reserved; key in the stack's output `endpoints`."""
        return endpoint.use

    def host_name(self, service: Service, network: str) -> str:
        """Host name of a service's container in the stack's network; empty if its name is too long for one."""
        host = f"{self.container_name(service)}.{network}"
        return "" if any(len(label) > _MAXIMUM_LABEL for label in host.split(".")) else host

    def availability_tests(self, network: str, *, tls: bool) -> list[AvailabilityTest]:
        """Health checks of its endpoints over the stack's network; none if a name is too long for a host name."""
        scheme = "https" if tls else "http"
        return [
            AvailabilityTest(
                name=self.use(endpoint), url=f"{scheme}://{host}:{endpoint.port}{probe.path}", expected=probe.expected
            )
            for service in self.services
            for endpoint in service.endpoints
            if (probe := endpoint.availability or endpoint.probe) and (host := self.host_name(service, network))
        ]

    def volume_names(self, service: Service) -> dict[str, str]:
        """Names of a service's volumes, by their suffix."""
        return {volume: f"{self.container_name(service)}-{volume}" for volume in service.volumes}

    @abstractmethod
    def provision(self, context: ProvisioningContext) -> Mapping[str, ServiceConnectionArgs]:
        """Create the containers and their resources, and wait until they are ready.

        Returns:
            The services' connections, by their keys in the stack's output `credentials`.
        """

    def connected(self, *connections: ServiceConnectionArgs) -> Mapping[str, ServiceConnectionArgs]:
        """Register the connections of all services, in their order, and return them by key."""
        found = {self.credentials_key(one): made for one, made in zip(self.services, connections, strict=True)}
        self.register_outputs(
            {
                "endpoints": {use: url for made in found.values() for use, url in made.endpoints.items()},
                "credentials": {key: made.credentials for key, made in found.items()},
            }
        )
        return found

    def ready(
        self, service: Service, container: Container, context: ProvisioningContext
    ) -> Mapping[str, pulumi.Output[str]]:
        """Wait until every endpoint of a service is ready.

        Returns:
            Address of each use, known when the service is ready.
        """
        endpoints = {self.use(endpoint): endpoint for endpoint in service.endpoints}
        name = self.container_name(service)
        gate = ReadyGate(
            f"{self.resource_name if service is self.services[0] else name}-ready",
            what=f"{service.title} '{self.resource_name}'",
            container=name,
            container_id=container.id,
            urls={use: context.url(use) for use in endpoints},
            probes={use: endpoint.probe for use, endpoint in endpoints.items()},
            ca_certificate=context.ca_certificate,
            opts=self.child_options(deleted_with=container),
        )
        return {use: gate.address(use, has_scheme=endpoint.has_scheme) for use, endpoint in endpoints.items()}
