"""The components of a workspace as rules see them: type token, section of the stack file, kind of name.

One row per component, so that components, settings, rules and policies agree on the type tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.rules.names.name_rules import ResourceKind

RESOURCE_GROUP = "ml-workspace:resources:ResourceGroup"
STORAGE_ACCOUNT = "ml-workspace:storage:StorageAccount"
CONTAINER_REGISTRY = "ml-workspace:containerregistry:ContainerRegistry"
KEY_VAULT = "ml-workspace:keyvault:KeyVault"
APPLICATION_INSIGHTS = "ml-workspace:insights:ApplicationInsights"
WORKSPACE = "ml-workspace:machinelearningservices:Workspace"

TRACKING_SERVER = "ml-workspace:machinelearningservices:Tracking"
"""A part of the workspace, without a name and an id of its own in Azure, so no rule applies to it."""

INFERENCE_FRONT = "ml-workspace:machinelearningservices:Inference"
"""Likewise."""

COMPUTE_INSTANCE = "ml-workspace:machinelearningservices:ComputeInstance"
"""A compute of the workspace; its rules are those of the section `computes`."""


@dataclass(frozen=True, slots=True)
class ComponentType:
    """A component type, as rules see it.

    Attributes:
        section: Its key in the stack file.
        kind: The kind of its name.
        arm_type: Azure's name of the type.
    """

    section: str
    kind: ResourceKind
    arm_type: str


COMPONENT_TYPES: dict[str, ComponentType] = {
    RESOURCE_GROUP: ComponentType(
        "resourceGroup", ResourceKind.RESOURCE_GROUP, "Microsoft.Resources/subscriptions/resourceGroups"
    ),
    STORAGE_ACCOUNT: ComponentType("storageAccount", ResourceKind.STORAGE_ACCOUNT, "Microsoft.Storage/storageAccounts"),
    CONTAINER_REGISTRY: ComponentType(
        "containerRegistry", ResourceKind.CONTAINER_REGISTRY, "Microsoft.ContainerRegistry/registries"
    ),
    KEY_VAULT: ComponentType("keyVault", ResourceKind.KEY_VAULT, "Microsoft.KeyVault/vaults"),
    APPLICATION_INSIGHTS: ComponentType(
        "applicationInsights", ResourceKind.APPLICATION_INSIGHTS, "Microsoft.Insights/components"
    ),
    WORKSPACE: ComponentType("workspace", ResourceKind.WORKSPACE, "Microsoft.MachineLearningServices/workspaces"),
}
