"""What a command finds: records, containers and volumes of all online endpoints of a workspace, each looked for once.

A command that lists endpoints first repairs what a killed one has left. Both work with the same inventory, so neither
asks the engine for each endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mlw.online_endpoints.deployment_instances import Instance
from mlw.online_endpoints.endpoint_records import Deployment, Endpoint
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace


@dataclass(frozen=True)
class Inventory:
    """Records and objects of one workspace, as they were when they were first asked for.

    Attributes:
        workspace: The workspace.
    """

    workspace: EndpointWorkspace

    @cached_property
    def _records(self) -> Mapping[str, tuple[Endpoint, Sequence[Deployment]]]:
        return {endpoint.name: (endpoint, found) for endpoint, found in self.workspace.records.everything()}

    @cached_property
    def _instances(self) -> Sequence[Instance]:
        return self.workspace.engine.instances()

    @cached_property
    def _volumes(self) -> Sequence[tuple[str, str, str]]:
        return list(self.workspace.engine.volumes().values())

    @property
    def endpoints(self) -> list[Endpoint]:
        """All endpoints."""
        return [endpoint for endpoint, _ in self._records.values()]

    def endpoint(self, name: str) -> Endpoint:
        """One endpoint.

        Raises:
            EndpointNotFoundError: No endpoint has this name.
        """
        found = self._records.get(name)
        return found[0] if found else self.workspace.records.endpoint(name)

    def deployments(self, endpoint: str) -> Sequence[Deployment]:
        """All deployments of an endpoint; none if there is no such endpoint."""
        return self._records[endpoint][1] if endpoint in self._records else ()

    def instances(self, endpoint: str) -> list[Instance]:
        """All containers of an endpoint, also those that have ended."""
        return [one for one in self._instances if one.endpoint == endpoint]

    def revisions(self, endpoint: str) -> set[tuple[str, str]]:
        """Deployments and revisions that have a volume."""
        return {(deployment, revision) for owner, deployment, revision in self._volumes if owner == endpoint}

    @property
    def names(self) -> set[str]:
        """Endpoints that have a record, a container, a volume, or the mark of a change."""
        of_engine = {one.endpoint for one in self._instances} | {one[0] for one in self._volumes}
        return {*self._records} | of_engine | self.workspace.interrupted()
