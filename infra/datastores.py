"""Datastores: names for containers of the storage account; never credentials."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from infra.components.storage_account import StorageAccount
from infra.settings import DatastoreSettings

ARTIFACT_CONTAINER = "azureml"
"""Container of the artifact store; the workspace record lies in it too."""


def default_containers(workspace_id: pulumi.Output[str]) -> dict[str, tuple[str, pulumi.Output[str]]]:
    """Type and container of Azure's four default datastores, named after the workspace's GUID (concept-data)."""
    return {
        "workspaceblobstore": ("AzureBlob", workspace_id.apply(lambda guid: f"azureml-blobstore-{guid}")),
        "workspaceartifactstore": ("AzureBlob", pulumi.Output.from_input(ARTIFACT_CONTAINER)),
        "workspacefilestore": ("AzureFile", workspace_id.apply(lambda guid: f"azureml-filestore-{guid}")),
        "workspaceworkingdirectory": ("AzureFile", workspace_id.apply(lambda guid: f"code-{guid}")),
    }


def provision_datastores(
    storage: StorageAccount, registered: Sequence[DatastoreSettings], *, workspace_id: pulumi.Output[str]
) -> dict[str, pulumi.Output[dict[str, str]]]:
    """Make the containers of the default and the registered datastores.

    Returns:
        For each datastore its ``name``, ``type``, ``container`` and ``uri``, known when its container exists.
    """
    wanted = default_containers(workspace_id)
    for datastore in registered:
        wanted[datastore.name] = (str(datastore.type), pulumi.Output.from_input(datastore.container))
    made = {name: storage.add_container(name, container) for name, (_, container) in wanted.items()}
    return {
        name: pulumi.Output.all(made[name].container_name, storage.endpoint).apply(
            lambda known, name=name, kind=kind: {  # type: ignore[misc]
                "name": name,
                "type": kind,
                "container": known[0],
                "uri": f"{known[1]}/{known[0]}",
            }
        )
        for name, (kind, _) in wanted.items()
    }
