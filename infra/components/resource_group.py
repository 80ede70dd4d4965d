"""Resource group: the unit of lifetime; its network connects the group's containers."""

from __future__ import annotations

import pulumi

from infra.components.component import UNCHANGED_LABELS, Component
from infra.components.docker_objects import Network, as_labels
from infra.resources.engine_reservation import EngineReservation
from infra.resources.stack_identity import StackIdentity
from infra.rules.names.engine_names import physical_name
from infra.rules.resources.component_types import RESOURCE_GROUP
from infra.settings import ResourceGroupSettings


class ResourceGroup(Component):
    """One resource group.

    Owns: a bridge network with the group's name. Does not own: the components in it, whose parent it is.

    Pulumi type: ``ml-workspace:resources:ResourceGroup``
    """

    network: pulumi.Output[str]
    """Name of the network, known when it exists."""

    def __init__(self, settings: ResourceGroupSettings) -> None:
        super().__init__(RESOURCE_GROUP, settings.name, settings.props())

    @property
    def network_name(self) -> str:
        """Name of the network on the engine."""
        return physical_name(self.resource_name)

    def provision(self, identity: StackIdentity, *, after: EngineReservation) -> None:
        """Create the network."""
        network = Network(
            f"{self.resource_name}-network",
            {
                "name": self.network_name,
                "driver": "bridge",
                "ipamDriver": "default",
                "ipamConfigs": after.subnet.apply(lambda subnet: [{"subnet": subnet}] if subnet else []),
                "labels": as_labels(identity.labels(self.resource_id)),
            },
            pulumi.ResourceOptions.merge(self.child_options(after=after), UNCHANGED_LABELS),
        )
        self.network = network.name
        self.register_outputs({"network": self.network})
