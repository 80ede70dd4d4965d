"""Records of online endpoints and their deployments in the workspace's artifact store.

| Blob | What |
|---|---|
| `online-endpoints/<endpoint>/endpoint.json` | texts, traffic, the hashes of its keys |
| `online-endpoints/<endpoint>/deployments/<deployment>.json` | the file, and what it became: image, model, code |

They are what is wanted; containers and routes are made to match. Both are replaced only if nobody else did so in
between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlw.online_endpoints.endpoint_errors import EndpointError, EndpointNotFoundError
from mlw.records.authored import Authored
from mlw.records.endpoint_folders import DEPLOYMENT_FILE, ENDPOINT_FILE, EndpointFolders
from mlw.records.named_records import RecordDocuments, RecordType

FOLDER = "online-endpoints/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint(Authored):
    """One endpoint.

    Attributes:
        traffic: Deployment to its percentage; the sum is 0 or 100.
        mirror_traffic: At most one deployment, with the percentage of requests that it gets a copy of.
        key_hashes: SHA-256 of the primary and of the secondary key, as hexadecimal digits.
        identity: Principal whose credentials its deployments have; empty for none.
    """

    name: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    traffic: Mapping[str, int] = field(default_factory=dict)
    mirror_traffic: Mapping[str, int] = field(default_factory=dict)
    key_hashes: Sequence[str] = ()
    identity: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployedModel:
    """Where the files of a deployment's model are.

    Attributes:
        name: Name of the model; for one that is not registered made of the hash of its files.
        version: Its version, a number: Azure's server reads it from the name of the folder.
        container: Container of its files; empty for one in MLflow's registry.
        location: Folder of its files, in the container or in MLflow's artifact store.
        folder: Name of the folder that a deployment has them in; empty for a single file.
        type: Azure's type of the model.
    """

    name: str
    version: str
    location: str
    container: str = ""
    folder: str = ""
    type: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment(Authored):
    """One deployment.

    Attributes:
        document: The file, normalised.
        revision: Identifies the containers; a change of anything but the number of instances makes another one.
        server: `score` for a scoring script, `mlflow` for MLflow's scoring server.
        image: Reference by digest.
        registry: Host and port of the workspace's registry, if the image is in it, when the deployment was made.
        code: Hash of the snapshot of its code; empty without a scoring script.
        script: Path of the scoring script below the folder of the code.
        identity: Principal whose credentials its containers have; empty for none.
        identity_digest: Hash of what they have of it.
    """

    name: str
    endpoint: str
    document: Mapping[str, Any]
    revision: str
    instance_count: int
    server: str
    image: str
    registry: str = ""
    model: DeployedModel | None = None
    code: str = ""
    code_folder: str = ""
    script: str = ""
    identity: str = ""
    identity_digest: str = ""

    @property
    def title(self) -> str:
        """As messages call it."""
        return f"deployment '{self.name}' of endpoint '{self.endpoint}'"


class EndpointRecords(EndpointFolders[Endpoint, Deployment]):
    """Records of one workspace; a deployment is written by whoever holds the lock of its endpoint.

    Args:
        documents: The storage account.
        container: Container of the artifact store.
    """

    def __init__(self, documents: RecordDocuments, container: str) -> None:
        super().__init__(documents, container, FOLDER, _ENDPOINT, _DEPLOYMENT)


def _as_endpoint(found: Mapping[str, Any]) -> Endpoint:
    return Endpoint(**found)


def _as_deployment(found: Mapping[str, Any]) -> Deployment:
    model = found.get("model")
    return Deployment(**{**found, "model": DeployedModel(**model) if model else None})


_ENDPOINT = RecordType(
    make=_as_endpoint,
    file=ENDPOINT_FILE,
    title="online endpoint",
    hint="`mlw online-endpoint list` shows all.",
    taken="Choose another one with --name, or change the endpoint with `mlw online-endpoint update`.",
    error=EndpointError,
    missing=EndpointNotFoundError,
)
_DEPLOYMENT = RecordType(
    make=_as_deployment,
    file=DEPLOYMENT_FILE,
    title="deployment",
    error=EndpointError,
    missing=EndpointNotFoundError,
)
