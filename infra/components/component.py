"""Base classes of the components: Azure properties, identity labels, options for children."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
import pulumi_docker as docker

from infra.components.provisioning_context import ProvisioningContext
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.ready_gate import ReadyGate
from infra.rules.names.engine_names import physical_name
from infra.services import Endpoint, Service
from infra.settings import ResourceSettings

UNCHANGED_LABELS = pulumi.ResourceOptions(ignore_changes=["labels"])
"""Options of all Docker objects: the Docker provider would replace an object whose labels change."""


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
    """Base of the components that run in a container.

    Args:
        settings: The Azure resource, complete and validated.
        parent: The resource group's component.
    """

    type_token: ClassVar[str]
    """Pulumi type."""

    service: ClassVar[Service]
    """The service in its container."""

    volumes: ClassVar[Mapping[str, str]]
    """Suffix of a volume's name to its folder in the container."""

    unawaited: Sequence[pulumi.Resource] = ()
    """Resources that the record does not depend on; a destroy must not delete them before the guards."""

    def __init__(self, settings: ResourceSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(self.type_token, settings.name, settings.props(), parent=parent)

    @property
    def owned(self) -> tuple[ServiceComponent, ...]:
        """The components that this stack runs itself."""
        return (self,)

    @property
    def credentials_key(self) -> str:
        """Key of its credentials in the stack's output `credentials`."""
        return self.service.credentials_key

    @property
    def container_name(self) -> str:
        """Name of the component's container."""
        return f"{physical_name(self.resource_name)}-{self.service.engine_role}"

    def use(self, endpoint: Endpoint) -> str:
        """The use under which a port of this component is reserved; key in the stack's output `endpoints`."""
        return endpoint.use

    def volume_name(self, volume: str) -> str:
        """Name of one of the component's volumes."""
        return f"{self.container_name}-{volume}"

    @abstractmethod
    def provision(self, context: ProvisioningContext) -> ServiceConnectionArgs:
        """Create the container and its resources, and wait until it is ready."""

    def ready(self, container: docker.Container, context: ProvisioningContext) -> Mapping[str, pulumi.Output[str]]:
        """Wait until every endpoint is ready.

        Returns:
            Address of each use, known when the service is ready.
        """
        endpoints = {self.use(endpoint): endpoint for endpoint in self.service.endpoints}
        gate = ReadyGate(
            f"{self.resource_name}-ready",
            what=f"{self.service.title} '{self.resource_name}'",
            container=self.container_name,
            container_id=container.id,
            urls={use: context.url(use) for use in endpoints},
            probes={use: endpoint.probe for use, endpoint in endpoints.items()},
            ca_certificate=context.ca_certificate,
            opts=self.child_options(deleted_with=container),
        )
        return {use: gate.address(use, has_scheme=endpoint.has_scheme) for use, endpoint in endpoints.items()}
