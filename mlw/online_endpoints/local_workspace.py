"""Where local endpoints are: containers and volumes of their own, and a file of the home for each endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from infra import labels
from infra.host import file_locks, folders
from infra.host.near_names import suggestion
from mlw.online_endpoints import local_records
from mlw.online_endpoints.deployment_engine import DeploymentEngine
from mlw.online_endpoints.deployment_instances import Instance
from mlw.online_endpoints.endpoint_errors import EndpointNotFoundError
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace
from mlw.online_endpoints.local_records import LocalEndpoint

_FILE, _LOCK = ".local.json", ".local.lock"


@dataclass(frozen=True)
class LocalWorkspace(EndpointWorkspace):
    """A workspace whose images, models and environments local deployments use."""

    @cached_property
    def engine(self) -> DeploymentEngine:
        """Containers and volumes of local deployments only."""
        found = super().engine
        return replace(
            found, workspace=f"{found.workspace}-local", label=labels.LOCAL_ENDPOINT, is_published=True
        )  # fmt: skip

    def file_of(self, endpoint: str) -> Path:
        """The file that says that an endpoint exists; it goes with the stack."""
        return self.lock_of(endpoint).with_suffix(_FILE)

    def require(self, endpoint: str) -> LocalEndpoint:
        """Read an endpoint.

        Raises:
            EndpointNotFoundError: It does not exist.
        """
        found = local_records.read(self.file_of(endpoint))
        if found is None:
            raise EndpointNotFoundError(
                f"looking for local endpoint '{endpoint}': no such endpoint.{suggestion(endpoint, self.names())} "
                f"Create it with `mlw online-endpoint create {self.stack.name} --local --name {endpoint}`."
            )
        return found

    def names(self) -> list[str]:
        """Names of all local endpoints."""
        anyone = self.file_of("*")
        found = (local_records.read(file) for file in anyone.parent.glob(anyone.name))
        return sorted(one.name for one in found if one)

    @contextmanager
    def holding(self, endpoint: str) -> Iterator[None]:
        """Be the only one that changes a local endpoint."""
        path = self.lock_of(endpoint).with_suffix(_LOCK)
        folders.private_folder(path.parent)
        with file_locks.hold(path, "changing a local endpoint"):
            yield

    def address(self, instance: Instance) -> str:
        """Where an instance is used; empty if it does not run."""
        where = self.engine.address(instance.name)
        return f"{where}/score" if where else ""
