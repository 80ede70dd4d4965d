"""Map component types to the classes that declare their properties."""

from __future__ import annotations

from infra.rules.resources import component_types
from infra.rules.resources.application_insights import ApplicationInsightsProperties
from infra.rules.resources.container_registry import ContainerRegistryProperties
from infra.rules.resources.key_vault import KeyVaultProperties
from infra.rules.resources.properties import DeclaredProperty, ResourceProperties, declared_properties
from infra.rules.resources.storage_account import StorageAccountProperties
from infra.rules.resources.workspace import WorkspaceProperties

RESOURCE_PROPERTIES: dict[str, type] = {
    component_types.RESOURCE_GROUP: ResourceProperties,
    component_types.STORAGE_ACCOUNT: StorageAccountProperties,
    component_types.CONTAINER_REGISTRY: ContainerRegistryProperties,
    component_types.KEY_VAULT: KeyVaultProperties,
    component_types.APPLICATION_INSIGHTS: ApplicationInsightsProperties,
    component_types.WORKSPACE: WorkspaceProperties,
}


def properties_of(type_token: str) -> dict[str, DeclaredProperty]:
    """The properties of a component type, by Azure's names."""
    return declared_properties(RESOURCE_PROPERTIES[type_token])
