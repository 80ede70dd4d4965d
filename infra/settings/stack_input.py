"""What a stack file may hold, as it is written: every key with its type, nothing filled in.

Frozen pydantic models that refuse unknown keys and never convert: a number in quotes is text. Values are judged by
`infra.rules`, so an enumeration is plain text here; required keys are checked by the loader, which reports them
together with everything else.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel)


class ResourceInput(_Input):
    """What every resource has."""

    name: str | None = None
    location: str | None = None
    tags: dict[str, str] | None = None


class AssociatedInput(ResourceInput):
    """What a workspace is tied to: made by the stack, or `existing` in another one (its id, or that stack's name)."""

    existing: str | None = None


class StorageAccountInput(ResourceInput):
    """One entry of `additionalStorageAccounts`; but for `existing` also `storageAccount`."""

    kind: str | None = None
    sku: str | None = None
    is_hns_enabled: bool | None = None
    access_tier: str | None = None
    minimum_tls_version: str | None = None
    blob_versioning: bool | None = None
    delete_retention_days: int | None = None


class DefaultStorageAccountInput(StorageAccountInput):
    """`storageAccount`."""

    existing: str | None = None


class ContainerRegistryInput(AssociatedInput):
    """`containerRegistry`."""

    sku: str | None = None
    admin_user_enabled: bool | None = None


class KeyVaultInput(AssociatedInput):
    """`keyVault`."""

    sku: str | None = None
    soft_delete_retention_in_days: int | None = None
    enable_purge_protection: bool | None = None


class ApplicationInsightsInput(AssociatedInput):
    """`applicationInsights`."""

    retention_in_days: int | None = None


class WorkspaceInput(ResourceInput):
    """`workspace`."""

    friendly_name: str | None = None
    description: str | None = None
    sku: str | None = None


class DatastoreInput(_Input):
    """One entry of `datastores`."""

    name: str | None = None
    type: str | None = None
    container: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    is_default: bool | None = None
    quota_in_gib: float | None = Field(default=None, alias="quotaInGiB")
    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None


class RoleAssignmentInput(_Input):
    """One entry of `roleAssignments`."""

    principal: str | None = None
    role: str | None = None


class LimitInput(_Input):
    """What one service may use of the machine; the names are those of Azure's container instances."""

    cpu: float | None = None
    memory_in_gb: float | None = Field(default=None, alias="memoryInGB")


class LimitsInput(_Input):
    """`limits`: one entry for each service, under the name of its section."""

    storage_account: LimitInput = Field(default_factory=LimitInput)
    container_registry: LimitInput = Field(default_factory=LimitInput)
    key_vault: LimitInput = Field(default_factory=LimitInput)
    application_insights: LimitInput = Field(default_factory=LimitInput)


class PortRangeInput(_Input):
    """`portRange`."""

    first: int | None = None
    last: int | None = None


class StackInput(_Input):
    """All keys of the namespace `ml-workspace`."""

    workload: str | None = None
    environment: str | None = None
    location: str | None = None
    instance: str | None = None
    subscription: str | None = None
    tags: dict[str, str] | None = None
    resource_group: ResourceInput = Field(default_factory=ResourceInput)
    storage_account: DefaultStorageAccountInput = Field(default_factory=DefaultStorageAccountInput)
    additional_storage_accounts: list[StorageAccountInput] = Field(default_factory=list)
    container_registry: ContainerRegistryInput = Field(default_factory=ContainerRegistryInput)
    key_vault: KeyVaultInput = Field(default_factory=KeyVaultInput)
    application_insights: ApplicationInsightsInput = Field(default_factory=ApplicationInsightsInput)
    workspace: WorkspaceInput = Field(default_factory=WorkspaceInput)
    datastores: list[DatastoreInput] = Field(default_factory=list)
    role_assignments: list[RoleAssignmentInput] = Field(default_factory=list)
    role_definitions: str | None = None
    tls: bool | None = None
    limits: LimitsInput = Field(default_factory=LimitsInput)
    image_registry: str | None = None
    port_range: PortRangeInput = Field(default_factory=PortRangeInput)
    allow_replacement: list[str] = Field(default_factory=list)
