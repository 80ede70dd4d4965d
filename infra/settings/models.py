"""What the program builds: every resource of a stack with all its properties known and judged.

Frozen. Nothing is optional or to be filled in any more: names are made, tags inherited, ids known. `props()` of a
resource are its Azure properties, as its component registers them and the policy pack sees them.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class ResourceSettings(_Frozen):
    """What every resource has.

    Attributes:
        id: The full Azure-style resource id; `resourceId` among the properties.
        tags: Effective tags: own and inherited.
        existing_in: The stack that owns the resource; empty for one of this stack's own.
    """

    name: str
    location: str
    tags: dict[str, str]
    id: str = Field(alias="resourceId")
    existing_in: str = Field(default="", exclude=True)

    def props(self) -> dict[str, Any]:
        """The Azure properties, named as in the stack file."""
        return self.model_dump(by_alias=True)


class ResourceGroupSettings(ResourceSettings):
    """The resource group."""


class StorageAccountSettings(ResourceSettings):
    """A storage account; `role` tells the workspace's `default` one from an `additional` one."""

    kind: str
    sku: str
    is_hns_enabled: bool
    access_tier: str
    minimum_tls_version: str
    blob_versioning: bool
    delete_retention_days: int
    role: str


class ContainerRegistrySettings(ResourceSettings):
    """The container registry."""

    sku: str
    admin_user_enabled: bool


class KeyVaultSettings(ResourceSettings):
    """The key vault."""

    sku: str
    soft_delete_retention_in_days: int
    enable_purge_protection: bool


class ApplicationInsightsSettings(ResourceSettings):
    """Application insights."""

    retention_in_days: int


class WorkspaceSettings(ResourceSettings):
    """The workspace; the last four are the resource ids of what it ties together."""

    friendly_name: str
    description: str
    sku: str
    storage_account: str
    key_vault: str
    container_registry: str
    application_insights: str


class DatastoreSettings(_Frozen):
    """A registered datastore.

    Attributes:
        quota_in_gib: Hard upper bound of what the container holds, in GiB; None for no bound.
        endpoint: Base URL of the object store, and the next three its region and credentials; only of type `S3`, which
            stands elsewhere.
    """

    name: str
    type: str
    container: str
    description: str = ""
    tags: dict[str, str] = Field(default_factory=dict)
    is_default: bool = False
    quota_in_gib: float | None = Field(default=None, alias="quotaInGiB")
    endpoint: str = ""
    region: str = ""
    access_key_id: str = Field(default="", repr=False)
    secret_access_key: str = Field(default="", repr=False)


class Limit(_Frozen):
    """What one service may use of the machine.

    Attributes:
        cpu: CPUs; None for as many as there are.
        memory_in_gb: Memory in GiB (Azure calls it GB); None for the component's own default.
    """

    cpu: float | None = None
    memory_in_gb: float | None = Field(default=None, alias="memoryInGB")


class RoleAssignment(_Frozen):
    """What one principal is.

    Attributes:
        role: The role's name as it is defined, whatever the spelling in the stack file.
        operations: What the role allows, as Azure's operations, sorted.
    """

    principal: str
    role: str
    operations: tuple[str, ...] = ()


class PortRange(_Frozen):
    """The ports that the stack may publish, both ends included."""

    first: int
    last: int


class Settings(_Frozen):
    """A stack's whole configuration.

    Attributes:
        role_assignments: Who may do what, in the order of the stack file.
        tls: Whether every endpoint has a certificate of the stack's own authority.
        limits: By section of the stack file, e.g. `keyVault`.
        image_registry: A mirror that images come from, `host[:port][/path]`; empty for the official ones.
        allow_replacement: Names of resources that may be replaced although their data is lost.
        notices: What the user should know although it breaks no rule, one sentence each.
    """

    stack: str
    workload: str
    environment: str
    location: str
    instance: str
    subscription: str
    resource_group: ResourceGroupSettings
    storage_account: StorageAccountSettings
    additional_storage_accounts: tuple[StorageAccountSettings, ...]
    container_registry: ContainerRegistrySettings
    key_vault: KeyVaultSettings
    application_insights: ApplicationInsightsSettings
    workspace: WorkspaceSettings
    datastores: tuple[DatastoreSettings, ...]
    role_assignments: tuple[RoleAssignment, ...] = ()
    tls: bool = False
    limits: dict[str, Limit] = Field(default_factory=dict)
    image_registry: str
    port_range: PortRange
    allow_replacement: tuple[str, ...]
    notices: tuple[str, ...]
