"""The default datastores of every workspace, and the workspace record, which one of them stores.

Source: M11 (the four default datastores; their containers are named after the workspace's GUID, the artifact store's
is `azureml`).
"""

from __future__ import annotations

BLOB_STORE = "workspaceblobstore"
ARTIFACT_STORE = "workspaceartifactstore"
FILE_STORE = "workspacefilestore"
WORKING_DIRECTORY = "workspaceworkingdirectory"

DEFAULT_DATASTORES = (BLOB_STORE, ARTIFACT_STORE, FILE_STORE, WORKING_DIRECTORY)
FILE_SHARES = frozenset({FILE_STORE, WORKING_DIRECTORY})
"""The default datastores of type AzureFile."""

ARTIFACT_CONTAINER = "azureml"
RECORD_KEY = "workspace.json"
"""The workspace record in the artifact store's container."""


def artifact_container(workspace_id: str, *, in_existing_account: bool) -> str:
    """Container of the artifact store; in an existing account its owner already uses the fixed name."""
    return f"{ARTIFACT_CONTAINER}-{workspace_id}" if in_existing_account else ARTIFACT_CONTAINER


def default_containers(workspace_id: str, *, in_existing_account: bool) -> dict[str, str]:
    """Container of each default datastore of a workspace."""
    return {
        BLOB_STORE: f"azureml-blobstore-{workspace_id}",
        ARTIFACT_STORE: artifact_container(workspace_id, in_existing_account=in_existing_account),
        FILE_STORE: f"azureml-filestore-{workspace_id}",
        WORKING_DIRECTORY: f"code-{workspace_id}",
    }
