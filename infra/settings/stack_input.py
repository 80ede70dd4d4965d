"""What a stack file may hold, as it is written: every key with its type, nothing filled in.

Frozen pydantic models that refuse unknown keys and never convert: a number in quotes is text. Values are judged by
`infra.rules`, so an enumeration is plain text here; required keys are checked by the loader, which reports them
together with everything else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from infra.rules.datastores.datastore_properties import DatastoreProperties
from infra.rules.resources.application_insights import ApplicationInsightsProperties
from infra.rules.resources.container_registry import ContainerRegistryProperties
from infra.rules.resources.key_vault import KeyVaultProperties
from infra.rules.resources.management_locks import ManagementLockProperties
from infra.rules.resources.properties import REQUIRED, RESTARTS, Derived, Property, azure_name, declared_properties
from infra.rules.resources.storage_account import StorageAccountProperties
from infra.rules.resources.workspace import WorkspaceProperties
from infra.rules.stack.host_settings import PortRangeProperties

_Model = TypeVar("_Model", bound=BaseModel)

ALL_RESTART = "in place; all containers are replaced, data stays"
_OF_NAMES = "refused where a name or an id follows from it"
_OF_LOCATION = "refused where a resource takes its location from it"
_AT_SETUP = "with the next `make setup`"


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=azure_name)


class ResourceInput(_Input):
    """What every resource has, as far as it is read here; the rest is derived from its declared properties."""

    name: str | None = None
    location: str | None = None
    tags: dict[str, str] | None = None


class AssociatedInput(ResourceInput):
    """What a workspace is tied to: made by the stack, or `existing` in another one (its id, or that stack's name)."""

    existing: str | None = None


def _of(section: type) -> Callable[[type[_Model]], type[_Model]]:
    """Give the decorated model the properties of a section that a stack file may set, each of them optional."""

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


class RoleAssignmentInput(_Input):
    """One entry of `roleAssignments`."""

    principal: Annotated[str | None, Property(doc="User name at the services.", default=REQUIRED)] = None
    role: Annotated[str | None, Property(doc="A built-in role, or one of `roleDefinitions`.", default=REQUIRED)] = None


class Limit(_Input):
    """What one service may use of the machine; the names are those of Azure's container instances."""

    cpu: Annotated[float | None, Property(doc="CPUs.", default=Derived("as many as there are"), effect=RESTARTS)] = None
    memory_in_gb: Annotated[
        float | None,
        Property(doc="Memory in GiB (Azure calls it GB).", default=Derived("that of the component"), effect=RESTARTS),
    ] = None


@_of(ManagementLockProperties)
class ManagementLockInput(_Input):
    """One entry of `resourceGroup.locks`."""


class ResourceGroupInput(ResourceInput):
    """`resourceGroup`."""

    locks: list[ManagementLockInput] = Field(default_factory=list)


class LimitsInput(_Input):
    """`limits`: one entry for each service, under the name of its section."""

    storage_account: Limit = Field(default_factory=Limit)
    container_registry: Limit = Field(default_factory=Limit)
    key_vault: Limit = Field(default_factory=Limit)
    application_insights: Limit = Field(default_factory=Limit)


@_of(PortRangeProperties)
class PortRangeInput(_Input):
    """`portRange`."""


class StackInput(_Input):
    """All keys of the namespace `ml-workspace`."""

    workload: Annotated[
        str | None,
        Property(doc="What the workspace is for; part of every default name.", default=REQUIRED, effect=_OF_NAMES),
    ] = None
    environment: Annotated[
        str | None, Property(doc="`dev`, `test`, `stage` or `prod`.", default="dev", effect=_OF_NAMES)
    ] = None
    location: Annotated[str | None, Property(doc="A region of Azure's.", default="westeurope", effect=_OF_LOCATION)] = (
        None
    )
    instance: Annotated[
        str | None,
        Property(
            doc="Tells several workspaces of one workload apart; in quotes.",
            default="001",
            effect=_OF_NAMES,
        ),
    ] = None
    subscription: Annotated[
        str | None,
        Property(
            doc="A GUID, used in ids and for the scope of policies.",
            default="00000000-0000-0000-0000-000000000000",
            effect=_OF_NAMES,
        ),
    ] = None
    tags: Annotated[
        dict[str, str] | None,
        Property(doc="Tags of every resource; the required ones stand here or at the resources.", default={}),
    ] = None
    resource_group: ResourceGroupInput = Field(default_factory=ResourceGroupInput)
    storage_account: DefaultStorageAccountInput = Field(default_factory=DefaultStorageAccountInput)
    additional_storage_accounts: list[StorageAccountInput] = Field(default_factory=list)
    container_registry: ContainerRegistryInput = Field(default_factory=ContainerRegistryInput)
    key_vault: KeyVaultInput = Field(default_factory=KeyVaultInput)
    application_insights: ApplicationInsightsInput = Field(default_factory=ApplicationInsightsInput)
    workspace: WorkspaceInput = Field(default_factory=WorkspaceInput)
    datastores: list[DatastoreInput] = Field(default_factory=list)
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
            doc="Mirror that images come from, `host[:port][/path]`.",
            default=Derived("the official registries"),
            effect=_AT_SETUP,
        ),
    ] = None
    port_range: PortRangeInput = Field(default_factory=PortRangeInput)
    expires_after: Annotated[
        str | None,
        Property(doc="Time from the first `up` after which `mlw expire` removes the stack, e.g. `7d`.", default=""),
    ] = None
    expires_on: Annotated[
        str | None, Property(doc="Moment from which on `mlw expire` removes the stack; or a day.", default="")
    ] = None
    allow_replacement: Annotated[
        list[str], Property(doc="Names of resources that may be replaced although their data is lost.", default=[])
    ] = Field(default_factory=list)


def default(key: str) -> str:
    """The default of a text at the top of the stack file."""
    return str(declared_properties(StackInput)[key].property.default)
