"""Data assets of what deployments collect; imported only where data is collected."""

from __future__ import annotations

from mlw.data import data_creation
from mlw.data.data_locations import DataType
from mlw.data.data_workspace import DataWorkspace
from mlw.online_endpoints.data_collection import DataCollection
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace


def register(workspace: EndpointWorkspace, collection: DataCollection) -> None:
    """Have a data asset for each collection, as in Azure.

    Raises:
        MlWorkspaceError: The version has another path, or the role does not allow it.
    """
    datastores = workspace.stack.require_outputs().get("datastores") or ()
    data = DataWorkspace(workspace.connection, datastores, user=workspace.user)
    for one in collection.collections:
        document = {"name": one.asset, "version": one.version, "type": DataType.FOLDER, "path": one.uri}
        data_creation.create(data, document)
        workspace.say(f"'{one.name}' is collected as data asset 'azureml:{one.asset}:{one.version}'")
