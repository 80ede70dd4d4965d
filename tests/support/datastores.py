"""An outside client of a datastore: keys from the key vault, at the path that the stack's output names."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.support.object_store import s3_client
from tests.support.vault import vault_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RECORD_CONTAINER, RECORD = "azureml", "workspace.json"
QUOTA_GIB, QUOTA_BYTES = 0.001, 1_073_741
REGISTERED: list[dict[str, Any]] = [
    {"name": "features", "type": "AzureBlob", "container": "features", "quotaInGiB": QUOTA_GIB},
    # In the container of the workspace record, which must be as safe there.
    {"name": "beside_the_record", "type": "AzureBlob", "container": RECORD_CONTAINER},
]
"""The datastores of the tests' workspace in addition to the default ones."""

DEFAULT_DATASTORES = (
    "workspaceblobstore",
    "workspaceartifactstore",
    "workspacefilestore",
    "workspaceworkingdirectory",
)


def datastore_named(outputs: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a datastore's entry in the stack's outputs."""
    (found,) = [store for store in outputs["datastores"] if store["name"] == name]
    return dict(found)


def read_datastore_secret(outputs: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return a datastore's secret from the key vault."""
    mount, _, path = datastore_named(outputs, name)["vaultPath"].partition("/")
    answer = vault_client(outputs).secrets.kv.v2.read_secret_version(
        path=path, mount_point=mount, raise_on_deleted_version=True
    )
    values: dict[str, str] = answer["data"]["data"]
    return values


def datastore_client(outputs: Mapping[str, Any], secret: Mapping[str, str]) -> "S3Client":
    """Return boto3's client with a datastore's keys."""
    return s3_client(outputs, accessKey=secret["accessKey"], secretKey=secret["secretKey"])


def client_of(outputs: Mapping[str, Any], name: str) -> tuple["S3Client", str]:
    """Return a client with a datastore's keys, and its container."""
    secret = read_datastore_secret(outputs, name)
    return datastore_client(outputs, secret), secret["container"]
