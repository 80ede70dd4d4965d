"""Records of online endpoints and their deployments in the workspace's artifact store.

| Blob | What |
|---|---|
| `online-endpoints/<endpoint>/endpoint.json` | texts, traffic, the hashes of its keys |
| `online-endpoints/<endpoint>/deployments/<deployment>.json` | the file, and what it became: image, model, code |

They are what is wanted; containers and routes are made to match. Both are replaced only if nobody else did so in
between.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from infra.host.near_names import suggestion
from mlw.jobs.job_records import Documents
from mlw.online_endpoints.endpoint_errors import EndpointError, EndpointNotFoundError

FOLDER = "online-endpoints/"
_ENDPOINT, _DEPLOYMENTS, _JSON = "/endpoint.json", "/deployments/", ".json"

Record = TypeVar("Record", "Endpoint", "Deployment")


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One endpoint.

    Attributes:
        traffic: Deployment to its percentage; the sum is 0 or 100.
        mirror_traffic: At most one deployment, with the percentage of requests that it gets a copy of.
        key_hashes: SHA-256 of the primary and of the secondary key, as hexadecimal digits.
        created: ISO 8601; likewise the other times.
    """

    name: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    traffic: Mapping[str, int] = field(default_factory=dict)
    mirror_traffic: Mapping[str, int] = field(default_factory=dict)
    key_hashes: Sequence[str] = ()
    created: str = ""
    created_by: str = ""
    changed: str = ""
    changed_by: str = ""


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
class Deployment:
    """One deployment.

    Attributes:
        document: The file, normalised.
        revision: Identifies the containers; a change of anything but the number of instances makes another one.
        server: `score` for a scoring script, `mlflow` for MLflow's scoring server.
        image: Reference by digest.
        code: Hash of the snapshot of its code; empty without a scoring script.
        script: Path of the scoring script below the folder of the code.
    """

    name: str
    endpoint: str
    document: Mapping[str, Any]
    revision: str
    instance_count: int
    server: str
    image: str
    model: DeployedModel | None = None
    code: str = ""
    code_folder: str = ""
    script: str = ""
    created: str = ""
    created_by: str = ""
    changed: str = ""
    changed_by: str = ""

    @property
    def title(self) -> str:
        """As messages call it."""
        return f"deployment '{self.name}' of endpoint '{self.endpoint}'"


class EndpointRecords:
    """Records of one workspace.

    Args:
        documents: The storage account.
        container: Container of the artifact store.
    """

    def __init__(self, documents: Documents, container: str) -> None:
        self._documents, self._container = documents, container

    def names(self) -> list[str]:
        """Names of all endpoints."""
        found = (one.removeprefix(FOLDER) for one in self._documents.names(self._container, FOLDER))
        return [one.removesuffix(_ENDPOINT) for one in found if one.endswith(_ENDPOINT)]

    def all(self) -> list[Endpoint]:
        """All endpoints."""
        return [found for name in self.names() if (found := self._endpoint(name))]

    def endpoint(self, name: str) -> Endpoint:
        """Read an endpoint.

        Raises:
            EndpointNotFoundError: No endpoint has this name.
        """
        found = self._endpoint(name)
        if found is None:
            raise EndpointNotFoundError(
                f"looking for online endpoint '{name}': no such endpoint.{suggestion(name, self.names())} "
                "`mlw online-endpoint list` shows all."
            )
        return found

    def deployments(self, endpoint: str) -> list[Deployment]:
        """All deployments of an endpoint."""
        names = self.deployment_names(endpoint)
        return [found for name in names if (found := self.find_deployment(endpoint, name))]

    def deployment_names(self, endpoint: str) -> list[str]:
        """Names of the deployments of an endpoint."""
        folder = f"{FOLDER}{endpoint}{_DEPLOYMENTS}"
        names = self._documents.names(self._container, folder)
        return [one.removeprefix(folder).removesuffix(_JSON) for one in names]

    def deployment(self, endpoint: str, name: str) -> Deployment:
        """Read a deployment.

        Raises:
            EndpointNotFoundError: The endpoint, or its deployment, does not exist.
        """
        found = self.find_deployment(endpoint, name)
        if found is None:
            self.endpoint(endpoint)
            known = self.deployment_names(endpoint)
            raise EndpointNotFoundError(
                f"looking for deployment '{name}' of online endpoint '{endpoint}': no such deployment."
                f"{suggestion(name, known)} Deployments: {', '.join(known) or 'none'}."
            )
        return found

    def find_deployment(self, endpoint: str, name: str) -> Deployment | None:
        """Read a deployment; None if there is none."""
        found = self._documents.read(self._container, _deployment(endpoint, name))
        return _as_deployment(json.loads(found.content)) if found else None

    def create(self, endpoint: Endpoint) -> None:
        """Write a new endpoint.

        Raises:
            EndpointError: The name is taken.
        """
        if not self._documents.create(self._container, f"{FOLDER}{endpoint.name}{_ENDPOINT}", _bytes(endpoint)):
            raise EndpointError(
                f"creating online endpoint '{endpoint.name}': there is an endpoint of this name. Choose another one "
                "with --name, or change it with `mlw online-endpoint update`."
            )

    def change(self, name: str, change: Callable[[Endpoint], Endpoint]) -> Endpoint:
        """Change an endpoint.

        Raises:
            EndpointNotFoundError: No endpoint has this name.
        """
        blob = f"{FOLDER}{name}{_ENDPOINT}"
        while True:
            before = self.endpoint(name)
            found = self._documents.read(self._container, blob)
            if found is None:
                continue
            before = Endpoint(**json.loads(found.content))
            after = change(before)
            if after == before or self._documents.replace(
                self._container, blob, _bytes(after), revision=found.revision
            ):
                return after

    def write(self, deployment: Deployment) -> None:
        """Write a deployment, whether there was one or not; its endpoint is locked by the caller."""
        blob, content = _deployment(deployment.endpoint, deployment.name), _bytes(deployment)
        while not self._documents.create(self._container, blob, content):
            found = self._documents.read(self._container, blob)
            if found and self._documents.replace(self._container, blob, content, revision=found.revision):
                return

    def delete(self, endpoint: str) -> None:
        """Delete an endpoint, and what is left of its deployments."""
        for name in self.deployment_names(endpoint):
            self.delete_deployment(endpoint, name)
        self._documents.delete(self._container, f"{FOLDER}{endpoint}{_ENDPOINT}")

    def delete_deployment(self, endpoint: str, name: str) -> None:
        """Delete a deployment."""
        self._documents.delete(self._container, _deployment(endpoint, name))

    def _endpoint(self, name: str) -> Endpoint | None:
        found = self._documents.read(self._container, f"{FOLDER}{name}{_ENDPOINT}")
        return Endpoint(**json.loads(found.content)) if found else None


def _as_deployment(found: Mapping[str, Any]) -> Deployment:
    model = found.get("model")
    return Deployment(**{**found, "model": DeployedModel(**model) if model else None})


def _deployment(endpoint: str, name: str) -> str:
    return f"{FOLDER}{endpoint}{_DEPLOYMENTS}{name}{_JSON}"


def _bytes(record: Endpoint | Deployment) -> bytes:
    return json.dumps(asdict(record), ensure_ascii=False).encode("utf-8", "surrogatepass")
