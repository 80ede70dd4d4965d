"""The keys of a stack file with their types, as written, without defaults.

Frozen pydantic models that reject unknown keys and never convert types: a quoted number is a string. `infra.rules`
checks the values, so enumerations are plain strings here; the loader checks required keys and reports them together
with everything else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from infra.rules.computes.compute_properties import ComputeProperties
from infra.rules.datastores.datastore_properties import DatastoreProperties
from infra.rules.resources.application_insights import ApplicationInsightsProperties
from infra.rules.resources.container_registry import ContainerRegistryProperties
from infra.rules.resources.inference import InferenceProperties
from infra.rules.resources.key_vault import KeyVaultProperties
from infra.rules.resources.management_locks import ManagementLockProperties
from infra.rules.resources.properties import REQUIRED, RESTARTS, Derived, Property, azure_name, declared_properties
from infra.rules.resources.storage_account import StorageAccountProperties
from infra.rules.resources.tracking import TrackingProperties
from infra.rules.resources.workspace import WorkspaceProperties
from infra.rules.stack.host_settings import PortRangeProperties

_Model = TypeVar("_Model", bound=BaseModel)

ALL_RESTART = "in place; all containers are replaced, data is kept"
_OF_NAMES = "rejected if a name or id depends on it"
_OF_LOCATION = "rejected if a resource inherits its location"
_AT_SETUP = "at the next `make setup`"


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=azure_name, defer_build=True)


class ResourceInput(_Input):
    """Keys that every resource has; the others are derived from its declared properties."""

    name: str | None = None
    location: str | None = None
    tags: dict[str, str] | None = None


class AssociatedInput(ResourceInput):
    """An associated resource: created by the stack, or `existing` in another one (its id, or that stack's name)."""

    existing: str | None = None


def _of(section: type) -> Callable[[type[_Model]], type[_Model]]:
    """Add the settable properties of a section to the decorated model, all of them optional."""

    def derive(model: type[_Model]) -> type[_Model]:
        fields: dict[str, Any] = {
            declared.attribute: (declared.type | None, None)
            for declared in declared_properties(section).values()
            if declared.property.settable and declared.attribute not in model.model_fields
        }
        return create_model(model.__name__, __base__=model, __doc__=model.__doc__, **fields)

    return derive


@_of(StorageAccountProperties)
class StorageAccountInput(ResourceInput):
    """One entry of `additionalStorageAccounts`."""


@_of(StorageAccountProperties)
class DefaultStorageAccountInput(AssociatedInput):
    """`storageAccount`."""


@_of(ContainerRegistryProperties)
class ContainerRegistryInput(AssociatedInput):
    """`containerRegistry`."""


@_of(KeyVaultProperties)
class KeyVaultInput(AssociatedInput):
    """`keyVault`."""


@_of(ApplicationInsightsProperties)
class ApplicationInsightsInput(AssociatedInput):
    """`applicationInsights`."""


@_of(WorkspaceProperties)
class WorkspaceInput(ResourceInput):
    """`workspace`."""


@_of(DatastoreProperties)
class DatastoreInput(_Input):
    """One entry of `datastores`."""

    tags: dict[str, str] | None = None


@_of(ComputeProperties)
class ComputeInput(_Input):
    """One entry of `computes`."""


class RoleAssignmentInput(_Input):
    """One entry of `roleAssignments`."""

    principal: Annotated[str | None, Property(doc="User name in the services.", default=REQUIRED)] = None
    role: Annotated[str | None, Property(doc="A built-in role, or one of `roleDefinitions`.", default=REQUIRED)] = None


class Limit(_Input):
    """CPU and memory limits of one service; the names are those of Azure Container Instances."""

    cpu: Annotated[float | None, Property(doc="CPUs.", default=Derived("all CPUs"), effect=RESTARTS)] = None
    memory_in_gb: Annotated[
        float | None,
        Property(doc="Memory in GiB (Azure calls it GB).", default=Derived("set by the component"), effect=RESTARTS),
    ] = None


@_of(ManagementLockProperties)
class ManagementLockInput(_Input):
    """One entry of `resourceGroup.locks`."""


class ResourceGroupInput(ResourceInput):
    """`resourceGroup`."""

    locks: list[ManagementLockInput] = Field(default_factory=list)


class LimitsInput(_Input):
    """`limits`: one entry per service, under its name."""

    storage_account: Limit = Field(default_factory=Limit)
    container_registry: Limit = Field(default_factory=Limit)
    key_vault: Limit = Field(default_factory=Limit)
    application_insights: Limit = Field(default_factory=Limit)
    insights_store: Limit = Field(default_factory=Limit)
    tracking: Limit = Field(default_factory=Limit)
    inference: Limit = Field(default_factory=Limit)


@_of(TrackingProperties)
class TrackingInput(_Input):
    """`tracking`."""


@_of(InferenceProperties)
class InferenceInput(_Input):
    """`inference`."""


@_of(PortRangeProperties)
class PortRangeInput(_Input):
    """`portRange`."""


class StackInput(_Input):
    """All keys of the namespace `ml-workspace`."""

    workload: Annotated[
        str | None,
        Property(doc="Name of the project; part of every default name.", default=REQUIRED, effect=_OF_NAMES),
    ] = None
    environment: Annotated[
        str | None, Property(doc="`dev`, `test`, `stage` or `prod`.", default="dev", effect=_OF_NAMES)
    ] = None
    location: Annotated[str | None, Property(doc="Azure region.", default="westeurope", effect=_OF_LOCATION)] = None
    instance: Annotated[
        str | None,
        Property(
            doc="Distinguishes workspaces with the same workload; must be quoted.",
            default="001",
            effect=_OF_NAMES,
        ),
    ] = None
    subscription: Annotated[
        str | None,
        Property(
            doc="GUID, used in ids and for the scope of policies.",
            default="00000000-0000-0000-0000-000000000000",
            effect=_OF_NAMES,
        ),
    ] = None
    tags: Annotated[
        dict[str, str] | None,
        Property(doc="Tags of every resource; required tags are set here or on each resource.", default={}),
    ] = None
    resource_group: ResourceGroupInput = Field(default_factory=ResourceGroupInput)
    storage_account: DefaultStorageAccountInput = Field(default_factory=DefaultStorageAccountInput)
    additional_storage_accounts: list[StorageAccountInput] = Field(default_factory=list)
    container_registry: ContainerRegistryInput = Field(default_factory=ContainerRegistryInput)
    key_vault: KeyVaultInput = Field(default_factory=KeyVaultInput)
    application_insights: ApplicationInsightsInput = Field(default_factory=ApplicationInsightsInput)
    workspace: WorkspaceInput = Field(default_factory=WorkspaceInput)
    tracking: TrackingInput | None = None
    inference: InferenceInput | None = None
    datastores: list[DatastoreInput] = Field(default_factory=list)
    computes: list[ComputeInput] = Field(default_factory=list)
    role_assignments: list[RoleAssignmentInput] = Field(default_factory=list)
    role_definitions: Annotated[
        str | None, Property(doc="File of custom roles, relative to the stack file.", default=Derived("none"))
    ] = None
    tls: Annotated[
        bool | None,
        Property(
            doc="Whether every endpoint has a certificate of the stack's own CA.", default=False, effect=ALL_RESTART
        ),
    ] = None
    limits: LimitsInput = Field(default_factory=LimitsInput)
    image_registry: Annotated[
        str | None,
        Property(
            doc="Registry mirror for images, `host[:port][/path]`.",
            default=Derived("the official registries"),
            effect=_AT_SETUP,
        ),
    ] = None
    port_range: PortRangeInput = Field(default_factory=PortRangeInput)
    expires_after: Annotated[
        str | None,
        Property(doc="Duration after the first `up` until `mlw expire` removes the stack, e.g. `7d`.", default=""),
    ] = None
    expires_on: Annotated[
        str | None, Property(doc="Time or date after which `mlw expire` removes the stack.", default="")
    ] = None
    allow_replacement: Annotated[
        list[str], Property(doc="Names of resources that may be replaced, losing their data.", default=[])
    ] = Field(default_factory=list)


def default(key: str) -> str:
    """The default of a top-level string key."""
    return str(declared_properties(StackInput)[key].property.default)
