"""What the collector in a deployment's containers may use: a user of the storage account that only writes its data.

The user is of one revision of a deployment. Its secret is in a file of the revision's volume, and nowhere else: it can
be replaced at any time by a new revision.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_storage_account
from infra.services import STORAGE_ACCOUNT
from mlw.online_endpoints.data_collection import DataCollection
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_records import Deployment
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace

_KEY_LENGTH, _SECRET_BYTES = 20, 30


def require_possible(workspace: EndpointWorkspace, deployment: Deployment) -> None:
    """Reject a deployment whose containers cannot reach the storage account.

    Raises:
        EndpointError: Another stack runs it.
    """
    _ = _address(workspace, deployment)


def access_key(workspace: EndpointWorkspace, deployment: Deployment) -> str:
    """Name of the user."""
    of = (workspace.stack.stack_id, deployment.endpoint, deployment.name, deployment.revision)
    return "mdc" + hashlib.sha256("/".join(of).encode()).hexdigest()[: _KEY_LENGTH - len("mdc")]


def grant(workspace: EndpointWorkspace, deployment: Deployment, collection: DataCollection) -> dict[str, Any]:
    """Make the user, and return the content of the collector's file."""
    from infra.clients.storage.storage_admin import StorageAdmin, User  # noqa: PLC0415 - only if data is collected

    key, secret = access_key(workspace, deployment), secrets.token_urlsafe(_SECRET_BYTES)
    connection, container = _as_owner(workspace), workspace.blob_container
    # Nothing but what looks like collected data: a folder of the file's own choice may have something else, too.
    places = [f"arn:aws:s3:::{container}/{one.folder}/????/??/??/*.jsonl" for one in collection.collections]
    statement = {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": places}
    user = User(access_key=key, secret_key=secret, policy={"Version": "2012-10-17", "Statement": [statement]})
    with at_storage_account(connection.endpoint, f"giving the collector of {deployment.title} access"):
        StorageAdmin(connection).put_users([user])
    percentage = collection.sampling_rate * 100
    record = workspace.stack.workspace["id"]
    return {
        # As Azure's package `azureml-ai-monitoring` reads them.
        "runMode": "cloud",
        "collections": {
            one.name: {"enabled": True, "sampleRatePercentage": percentage, "folder": one.folder}
            for one in collection.collections
        },
        "sampling_rate": collection.sampling_rate,
        "rolling_rate": collection.rolling_rate,
        "source": f"{record}/onlineEndpoints/{deployment.endpoint}/deployments/{deployment.name}",
        "storage": {
            "endpoint": _address(workspace, deployment), "container": container, "access_key": key,
            "secret_key": secret, "ca_certificate": workspace.stack.ca_certificate,
        },
    }  # fmt: skip


def revoke(workspace: EndpointWorkspace, key: str) -> None:
    """Remove the user; a missing one is ignored."""
    from infra.clients.storage.storage_admin import StorageAdmin  # noqa: PLC0415 - only if data was collected

    connection = _as_owner(workspace)
    with at_storage_account(connection.endpoint, "removing the access of a deployment's collector"):
        StorageAdmin(connection).remove_user(key)


def _as_owner(workspace: EndpointWorkspace) -> ServiceConnection:
    """With the stack's own keys, also for a principal: a deployment gets what it needs, and no more."""
    outputs = workspace.stack.require_outputs()
    return ServiceConnection(
        endpoint=outputs["endpoints"]["storage"], credentials=workspace.stack.credentials()["storage"],
        ca_certificate=workspace.stack.ca_certificate,
    )  # fmt: skip


def _address(workspace: EndpointWorkspace, deployment: Deployment) -> str:
    from mlw.computes.compute_access import address_in_network  # noqa: PLC0415 - only if data is collected

    if (found := address_in_network(workspace.stack, STORAGE_ACCOUNT)) is None:
        raise EndpointError(
            f"collecting data of {deployment.title}: another stack runs the storage account, and containers of "
            "deployments do not reach it. Remove `data_collector` from the file."
        )
    return found
