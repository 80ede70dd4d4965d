"""Workspace: the record that ties the associated resources together; created last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi

from infra.components.component import Component
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.stack_identity import StackIdentity
from infra.resources.workspace_identity import WorkspaceIdentity
from infra.resources.workspace_record import WorkspaceRecord
from infra.rules.datastores.default_datastores import artifact_container
from infra.rules.resources.component_types import COMPONENT_TYPES, WORKSPACE
from infra.settings import WorkspaceSettings

_NOT_RECORDED = frozenset({"resourceId", "softDeleteRetentionInDays"})
"""Properties of the component that are not in the record, or have another name there."""


class Workspace(Component):
    """One machine-learning workspace.

    Owns: the workspace's identity (GUID, creation time) and its record. Does not own: the associated resources, which
    it references by id.

    Pulumi type: ``ml-workspace:machinelearningservices:Workspace``
    Ready when:  the record is written, after everything it references is ready.
    """

    workspace_id: pulumi.Output[str]
    """GUID; unchanged by updates."""

    artifact_container: pulumi.Output[str]
    """Container of the artifact store, which also stores the record."""

    record_resource: WorkspaceRecord
    """The last resource of the stack; depends on everything."""

    record: pulumi.Output[dict[str, Any]]
    """The record as stored in the storage account."""

    def __init__(self, settings: WorkspaceSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(WORKSPACE, settings.name, settings.props(), parent=parent)
        self._settings = settings

    def identify(self, identity: StackIdentity, *, in_existing_account: bool, after: pulumi.Resource) -> None:
        """Create the identity, which containers are named after.

        Args:
            identity: Identity of the stack.
            in_existing_account: Whether another stack owns the storage account that the workspace uses.
            after: Resource that must exist before anything permanent is created.
        """
        self._identity = WorkspaceIdentity(
            f"{self.resource_name}-identity",
            stack_id=identity.stack_id,
            resource_name=self.resource_name,
            opts=self.child_options(after=after),
        )
        self.workspace_id = self._identity.workspace_id
        self.artifact_container = self.workspace_id.apply(
            lambda guid: artifact_container(guid, in_existing_account=in_existing_account)
        )

    def provision(
        self,
        storage_account: ServiceConnectionArgs,
        *,
        resource_group: str,
        ready: Sequence[pulumi.Output[Any]],
        options: pulumi.ResourceOptions,
        tracking_uri: pulumi.Output[str] | None = None,
    ) -> None:
        """Write the record.

        Args:
            storage_account: The account that stores it.
            resource_group: Name of the workspace's resource group.
            ready: Outputs of everything that the record references; it is written when all are known.
            options: Options of resources in the storage account.
            tracking_uri: Address of the tracking server; None for none.
        """
        self.record_resource = WorkspaceRecord(
            f"{self.resource_name}-record",
            storage_account=storage_account.to_input(*ready),
            bucket=self.artifact_container,
            record=self._record(resource_group, tracking_uri),
            opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(parent=self)),
        )
        self.record = self.record_resource.record
        self.register_outputs({"workspace_id": self.workspace_id, "record": self.record})

    def _record(self, resource_group: str, tracking_uri: pulumi.Output[str] | None) -> dict[str, Any]:
        return {
            **{key: value for key, value in self._settings.props().items() if key not in _NOT_RECORDED},
            "id": self.resource_id,
            "type": COMPONENT_TYPES[WORKSPACE].arm_type,
            "resourceGroup": resource_group,
            "workspaceId": self.workspace_id,
            "creationTime": self._identity.creation_time,
            "provisioningState": "Succeeded",
            **({"mlFlowTrackingUri": tracking_uri} if tracking_uri else {}),
        }
