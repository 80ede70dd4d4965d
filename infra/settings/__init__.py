"""A stack's configuration: typed, judged, complete.

`load` is the only way in; what it gives is frozen. Reading a stack file without the engine is `stack_file`'s.
"""

from infra.settings.loader import load
from infra.settings.models import (
    ApplicationInsightsSettings,
    ContainerRegistrySettings,
    DatastoreSettings,
    KeyVaultSettings,
    ManagementLock,
    PortRange,
    ResourceGroupSettings,
    ResourceSettings,
    RoleAssignment,
    Settings,
    StorageAccountSettings,
    WorkspaceSettings,
)
from infra.settings.stack_input import Limit

__all__ = [
    "ApplicationInsightsSettings",
    "ContainerRegistrySettings",
    "DatastoreSettings",
    "KeyVaultSettings",
    "Limit",
    "ManagementLock",
    "PortRange",
    "ResourceGroupSettings",
    "ResourceSettings",
    "RoleAssignment",
    "Settings",
    "StorageAccountSettings",
    "WorkspaceSettings",
    "load",
]
