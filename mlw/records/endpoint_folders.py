"""Records of endpoints and their deployments: a folder for each endpoint.

| Blob | What |
|---|---|
| `<folder>/<endpoint>/endpoint.json` | the endpoint |
| `<folder>/<endpoint>/deployments/<deployment>.json` | a deployment |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from mlw.records.named_records import Named, NamedRecords, RecordDocuments, RecordType, read_together

ENDPOINT_FILE, DEPLOYMENT_FILE = "/endpoint.json", ".json"
_BELOW = "deployments/"


class Deployed(Named, Protocol):
    """A deployment."""

    @property
    def endpoint(self) -> str:
        """Name of its endpoint."""


EndpointT = TypeVar("EndpointT", bound=Named)
DeploymentT = TypeVar("DeploymentT", bound=Deployed)


class EndpointFolders(Generic[EndpointT, DeploymentT]):
    """Endpoints of one workspace.

    Args:
        documents: The storage account.
        container: Container of the artifact store.
        folder: The folder of all of them, with a slash at its end.
        endpoint: What an endpoint is.
        deployment: What a deployment is.
    """

    def __init__(
        self,
        documents: RecordDocuments,
        container: str,
        folder: str,
        endpoint: RecordType[EndpointT],
        deployment: RecordType[DeploymentT],
    ) -> None:
        self._documents, self._container, self._folder = documents, container, folder
        self._endpoints = NamedRecords(documents, container, folder, endpoint)
        self._endpoint, self._deployment = endpoint, deployment

    def names(self) -> list[str]:
        """Names of all endpoints."""
        return self._endpoints.names()

    def all(self) -> list[EndpointT]:
        """All endpoints."""
        return self._endpoints.all()

    def everything(self) -> list[tuple[EndpointT, list[DeploymentT]]]:
        """All endpoints with their deployments: one listing, and each record is read once."""
        blobs = list(self._documents.names(self._container, self._folder))
        found = zip(blobs, read_together(self._documents, self._container, blobs), strict=True)
        endpoints: dict[str, EndpointT] = {}
        deployments: dict[str, list[DeploymentT]] = {}
        for blob, record in found:
            endpoint, _, below = blob.removeprefix(self._folder).partition("/")
            if record and f"/{below}" == self._endpoint.file:
                endpoints[endpoint] = self._endpoint.make(record)
            elif record and below.startswith(_BELOW) and below.endswith(self._deployment.file):
                deployments.setdefault(endpoint, []).append(self._deployment.make(record))
        return [(one, deployments.get(name, [])) for name, one in endpoints.items()]

    def endpoint(self, name: str) -> EndpointT:
        """Read an endpoint.

        Raises:
            MlWorkspaceError: No endpoint has this name.
        """
        return self._endpoints.read(name)

    def create(self, endpoint: EndpointT) -> None:
        """Write a new endpoint.

        Raises:
            MlWorkspaceError: The name is taken.
        """
        self._endpoints.create(endpoint)

    def change(self, name: str, change: Callable[[EndpointT], EndpointT]) -> EndpointT:
        """Change an endpoint.

        Raises:
            MlWorkspaceError: No endpoint has this name.
        """
        return self._endpoints.change(name, change)

    def deployments(self, endpoint: str) -> list[DeploymentT]:
        """All deployments of an endpoint."""
        return self._of(endpoint).all()

    def deployment_names(self, endpoint: str) -> list[str]:
        """Names of the deployments of an endpoint."""
        return self._of(endpoint).names()

    def deployment(self, endpoint: str, name: str) -> DeploymentT:
        """Read a deployment.

        Raises:
            MlWorkspaceError: The endpoint, or its deployment, does not exist.
        """
        deployments = self._of(endpoint)
        found = deployments.find(name)
        if found is None:
            self.endpoint(endpoint)
            return deployments.read(name)
        return found

    def find_deployment(self, endpoint: str, name: str) -> DeploymentT | None:
        """Read a deployment; None if there is none."""
        return self._of(endpoint).find(name)

    def write(self, deployment: DeploymentT) -> None:
        """Write a deployment, whether there was one or not."""
        self._of(deployment.endpoint).write(deployment)

    def delete_deployment(self, endpoint: str, name: str) -> None:
        """Delete a deployment."""
        self._of(endpoint).remove(name)

    def delete(self, endpoint: str) -> None:
        """Delete an endpoint, and what is left of its deployments."""
        for name in self.deployment_names(endpoint):
            self.delete_deployment(endpoint, name)
        self._endpoints.remove(endpoint)

    def _of(self, endpoint: str) -> NamedRecords[DeploymentT]:
        type_ = replace(self._deployment, of=f" of {self._endpoint.title} '{endpoint}'")
        return NamedRecords(self._documents, self._container, f"{self._folder}{endpoint}/{_BELOW}", type_)
