"""The rows of the table of commands for assets: data, environments and components."""

from __future__ import annotations

from mlw.lazy_group import Row

ASSET_COMMANDS: tuple[Row, ...] = (
    Row("data create", "mlw.data.data_commands:create", "Create a version of a data asset"),
    Row("data list", "mlw.data.data_commands:list_data", "List the data assets of a workspace, or the versions of one"),
    Row("data show", "mlw.data.data_commands:show", "Show a version of a data asset"),
    Row("data update", "mlw.data.data_commands:update", "Change the description or the tags of a data asset"),
    Row(
        "data archive",
        "mlw.data.data_commands:archive",
        "Archive a data asset or one version: lists omit it, but it can still be used",
    ),
    Row(
        "data restore",
        "mlw.data.data_commands:restore",
        "Restore a data asset, or one version, that was archived or deleted",
    ),
    Row("data delete", "mlw.data.data_commands:delete", "Delete a data asset or one version; it can be restored"),
    Row(
        "environment create",
        "mlw.environments.environment_commands:create",
        "Create a version of an environment, and build its image",
    ),
    Row(
        "environment list",
        "mlw.environments.environment_commands:list_environments",
        "List the environments of a workspace, or the versions of one",
    ),
    Row("environment show", "mlw.environments.environment_commands:show", "Show a version of an environment"),
    Row(
        "environment update",
        "mlw.environments.environment_commands:update",
        "Change the description or the tags of an environment",
    ),
    Row(
        "environment archive",
        "mlw.environments.environment_commands:archive",
        "Archive an environment or one version: lists omit it, but it can still be used",
    ),
    Row(
        "environment restore",
        "mlw.environments.environment_commands:restore",
        "Restore an environment, or one version, that was archived or deleted",
    ),
    Row(
        "environment delete",
        "mlw.environments.environment_commands:delete",
        "Delete an environment or one version; it can be restored",
    ),
    Row("component create", "mlw.component_files.component_commands:create", "Create a version of a component"),
    Row(
        "component list",
        "mlw.component_files.component_commands:list_components",
        "List the components of a workspace, or the versions of one",
    ),
    Row("component show", "mlw.component_files.component_commands:show", "Show a version of a component"),
    Row(
        "component update",
        "mlw.component_files.component_commands:update",
        "Change the description or the tags of a component",
    ),
    Row(
        "component archive",
        "mlw.component_files.component_commands:archive",
        "Archive a component or one version: lists omit it, but it can still be used",
    ),
    Row(
        "component restore",
        "mlw.component_files.component_commands:restore",
        "Restore a component, or one version, that was archived or deleted",
    ),
    Row(
        "component delete",
        "mlw.component_files.component_commands:delete",
        "Delete a component or one version; it can be restored",
    ),
)
