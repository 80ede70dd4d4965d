"""Datastores: names for containers of the storage account; never credentials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.resources.blob_container import BlobContainer
from infra.settings import DatastoreSettings

ARTIFACT_CONTAINER = "azureml"
"""Container of the artifact store; the workspace record lies in it too."""

Output = pulumi.Output[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class DataHome:
    """The storage account that a workspace keeps its data in: its own, or one that it shares."""

    account: str
    """Name of the account; prefix of logical names."""

    endpoint: Output
    keys: pulumi.Output[dict[str, str]]
    versioned: bool
    tags: Mapping[str, str]
    """The account's tags in the alphabet of the services' metadata."""

    options: pulumi.ResourceOptions
    """Options of what lies in the account."""

    shared: bool
    """Whether another stack owns the account, with a workspace of its own in it."""


def artifact_container(home: DataHome, workspace_id: Output) -> Output:
    """Container of the artifact store; Azure's fixed name, unless the account's owner has that already."""
    if home.shared:
        return workspace_id.apply(lambda guid: f"{ARTIFACT_CONTAINER}-{guid}")
    return pulumi.Output.from_input(ARTIFACT_CONTAINER)


def provision_datastores(
    home: DataHome, registered: Sequence[DatastoreSettings], *, workspace_id: Output
) -> dict[str, pulumi.Output[dict[str, str]]]:
    """Make the containers of the default and the registered datastores.

    Returns:
        For each datastore its ``name``, ``type``, ``container`` and ``uri``, known when its container exists.
    """
    wanted = _default_containers(home, workspace_id)
    wanted |= {store.name: (store.type, pulumi.Output.from_input(store.container)) for store in registered}
    return {name: _provision(home, name, kind, container) for name, (kind, container) in wanted.items()}


def _default_containers(home: DataHome, workspace_id: Output) -> dict[str, tuple[str, Output]]:
    """Type and container of Azure's four default datastores, named after the workspace's GUID (concept-data)."""
    return {
        "workspaceblobstore": ("AzureBlob", workspace_id.apply(lambda guid: f"azureml-blobstore-{guid}")),
        "workspaceartifactstore": ("AzureBlob", artifact_container(home, workspace_id)),
        "workspacefilestore": ("AzureFile", workspace_id.apply(lambda guid: f"azureml-filestore-{guid}")),
        "workspaceworkingdirectory": ("AzureFile", workspace_id.apply(lambda guid: f"code-{guid}")),
    }


def _provision(home: DataHome, name: str, kind: str, container: Output) -> pulumi.Output[dict[str, str]]:
    made = BlobContainer(
        f"{home.account}-{name}",
        endpoint=home.endpoint,
        keys=home.keys,
        container_name=container,
        versioned=home.versioned,
        tags=home.tags,
        opts=home.options,
    )
    return pulumi.Output.all(made.container_name, home.endpoint).apply(
        lambda known: {"name": name, "type": kind, "container": known[0], "uri": f"{known[1]}/{known[0]}"}
    )
