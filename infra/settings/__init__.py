"""A stack's configuration: typed, validated, complete.

`load` is the only entry point and returns frozen settings. `infra.stack_files` reads stack files without the engine.
"""

from infra.settings.loader import load
from infra.settings.models import (
    ApplicationInsightsSettings,
    ComputeSettings,
    ContainerRegistrySettings,
    DatastoreSettings,
    InferenceSettings,
    KeyVaultSettings,
    ManagementLock,
    PortRange,
    ResourceGroupSettings,
    ResourceSettings,
    RoleAssignment,
    Settings,
    StorageAccountSettings,
    TrackingSettings,
    WorkspaceSettings,
)
from infra.settings.stack_input import Limit

__all__ = [
    "ApplicationInsightsSettings",
    "ComputeSettings",
    "ContainerRegistrySettings",
    "DatastoreSettings",
    "InferenceSettings",
    "KeyVaultSettings",
    "Limit",
    "ManagementLock",
    "PortRange",
    "ResourceGroupSettings",
    "ResourceSettings",
    "RoleAssignment",
    "Settings",
    "StorageAccountSettings",
    "TrackingSettings",
    "WorkspaceSettings",
    "load",
]
