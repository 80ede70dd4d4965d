"""The complete settings of a stack: every resource with all its properties, validated.

Frozen, and nothing is optional: names are generated, tags inherited, ids known. A resource's `props()` are its Azure
properties, as its component registers them and the policy pack checks them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from infra.rules.computes.compute_properties import FOREIGN, ComputeProperties
from infra.rules.computes.instance_rules import INSTANCE
from infra.rules.datastores.datastore_properties import DatastoreProperties
from infra.rules.resources.application_insights import ApplicationInsightsProperties
from infra.rules.resources.container_registry import ContainerRegistryProperties
from infra.rules.resources.inference import InferenceProperties
from infra.rules.resources.key_vault import KeyVaultProperties
from infra.rules.resources.management_locks import ManagementLockProperties
from infra.rules.resources.properties import ResourceProperties, azure_name, declared_properties
from infra.rules.resources.storage_account import StorageAccountProperties
from infra.rules.resources.tracking import Services, TrackingProperties, optional_services
from infra.rules.resources.workspace import WorkspaceProperties
from infra.rules.stack.host_settings import PortRangeProperties
from infra.settings.stack_input import Limit


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=azure_name, populate_by_name=True, defer_build=True
    )


class ResourceSettings(_Frozen, ResourceProperties):
    """A complete resource; its class in `infra.rules.resources` declares its properties.

    Attributes:
        existing_in: The stack that owns the resource; empty if this stack owns it.
    """

    existing_in: str = Field(default="", exclude=True)

    def props(self) -> dict[str, Any]:
        """The Azure properties, named as in the stack file."""
        return self.model_dump(by_alias=True)


class ResourceGroupSettings(ResourceSettings):
    """The resource group."""


class StorageAccountSettings(ResourceSettings, StorageAccountProperties):
    """A storage account."""


class ContainerRegistrySettings(ResourceSettings, ContainerRegistryProperties):
    """The container registry."""


class KeyVaultSettings(ResourceSettings, KeyVaultProperties):
    """The key vault."""


class ApplicationInsightsSettings(ResourceSettings, ApplicationInsightsProperties):
    """Application insights."""


class WorkspaceSettings(ResourceSettings, WorkspaceProperties):
    """The workspace."""


class TrackingSettings(_Frozen, TrackingProperties):
    """The tracking server of the workspace."""


class InferenceSettings(_Frozen, InferenceProperties):
    """The front of the online endpoints of the workspace."""


class DatastoreSettings(_Frozen, DatastoreProperties):
    """A registered datastore."""

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Everything except secrets."""
        hidden = {
            declared.attribute
            for declared in declared_properties(DatastoreProperties).values()
            if declared.property.secret
        }
        return ((name, value) for name, value in super().__repr_args__() if name not in hidden)


class ComputeSettings(_Frozen, ComputeProperties):
    """A compute."""

    @model_serializer(mode="wrap")
    def _of_its_type(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Only the properties that a compute of its type has."""
        found: dict[str, Any] = serialize(self)
        return {key: value for key, value in found.items() if azure_name(key) not in FOREIGN[self.type]}


class RoleAssignment(_Frozen):
    """A role assigned to a principal.

    Attributes:
        role: The role's defined name, regardless of the spelling in the stack file.
        operations: The operations that the role allows, sorted.
    """

    principal: str
    role: str
    operations: tuple[str, ...] = ()


class ManagementLock(_Frozen, ManagementLockProperties):
    """A lock of the resource group."""


class PortRange(_Frozen, PortRangeProperties):
    """The range of ports that the stack may publish, inclusive."""


class Settings(_Frozen):
    """A stack's whole configuration.

    Attributes:
        locks: Management locks of the resource group.
        tracking: The tracking server; None for none.
        inference: The front of the online endpoints; None for none.
        computes: Computes, without `local`.
        role_assignments: Role assignments, in the order of the stack file.
        compute_roles: The roles of the computes' principals, which follow from the computes.
        tls: Whether every endpoint has a certificate of the stack's own CA.
        limits: CPU and memory limits by name of the service, e.g. `keyVault`; without services that are off.
        image_registry: Registry mirror for images, `host[:port][/path]`; empty for the official registries.
        expires_after: Duration after which the stack expires; empty for none.
        expires_on: Time at which it expires; empty for none.
        allow_replacement: Names of resources that may be replaced, losing their data.
        notices: Notices for the user that break no rule, one sentence each.
    """

    stack: str
    workload: str
    environment: str
    location: str
    instance: str
    subscription: str
    resource_group: ResourceGroupSettings
    locks: tuple[ManagementLock, ...] = ()
    storage_account: StorageAccountSettings
    additional_storage_accounts: tuple[StorageAccountSettings, ...]
    container_registry: ContainerRegistrySettings
    key_vault: KeyVaultSettings
    application_insights: ApplicationInsightsSettings
    workspace: WorkspaceSettings
    tracking: TrackingSettings | None = None
    inference: InferenceSettings | None = None
    datastores: tuple[DatastoreSettings, ...]
    computes: tuple[ComputeSettings, ...] = ()
    role_assignments: tuple[RoleAssignment, ...] = ()
    compute_roles: tuple[RoleAssignment, ...] = Field(default=(), exclude=True)
    tls: bool = False
    limits: dict[str, Limit] = Field(default_factory=dict)
    image_registry: str
    port_range: PortRange
    expires_after: str = ""
    expires_on: str = ""
    allow_replacement: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def instances(self) -> tuple[ComputeSettings, ...]:
        """The compute instances."""
        return tuple(compute for compute in self.computes if compute.type == INSTANCE)

    @property
    def optional_services(self) -> Services:
        """The services that hold data and that a stack can be without."""
        instances = [compute.name for compute in self.instances]
        return optional_services(
            self.workspace.name,
            tracking=self.tracking is not None,
            inference_front=self.inference is not None,
            instances=instances,
        )

    @property
    def assignments(self) -> tuple[RoleAssignment, ...]:
        """All role assignments: those of the stack file, and those of the computes."""
        return (*self.role_assignments, *self.compute_roles)
