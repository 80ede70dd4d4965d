"""What every component shares: its Azure properties, its identity labels, options for its children."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi

from infra import labels
from infra.components.provisioning_context import ProvisioningContext
from infra.rules.names.engine_names import physical_name
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.settings import ResourceSettings


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
    def provision(self, context: ProvisioningContext) -> None:
        """Make the container and what belongs to it, and wait until it is ready."""
