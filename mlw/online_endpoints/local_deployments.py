"""Local endpoints and deployments (`--local`): tried on this machine's engine before they are deployed.

Image, server, code and model are those of a deployment. There is no front, so no keys, traffic or telemetry, and no
record in the workspace: a container listens at a port of this machine. An endpoint is a name in a file of the home.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from infra import labels
from infra.host import atomic_files, file_locks, folders
from infra.host.near_names import suggestion
from mlw.online_endpoints import deployment_changes, deployment_settings, endpoint_changes, rollout
from mlw.online_endpoints.deployment_engine import DeploymentEngine
from mlw.online_endpoints.deployment_instances import Instance
from mlw.online_endpoints.endpoint_errors import EndpointError, EndpointNotFoundError
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace

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

    def require(self, endpoint: str) -> None:
        """Make sure that an endpoint exists.

        Raises:
            EndpointNotFoundError: It does not.
        """
        if not self.file_of(endpoint).exists():
            raise EndpointNotFoundError(
                f"looking for local endpoint '{endpoint}': no such endpoint.{suggestion(endpoint, self.names())} "
                f"Create it with `mlw online-endpoint create {self.stack.name} --local --name {endpoint}`."
            )

    def names(self) -> list[str]:
        """Names of all local endpoints."""
        return sorted(str(json.loads(file.read_bytes())["name"]) for file in self._files())

    def _files(self) -> Iterator[Path]:
        anyone = self.file_of("*")
        return anyone.parent.glob(anyone.name)

    @contextmanager
    def holding(self, endpoint: str) -> Iterator[None]:
        """Be the only one that changes a local endpoint."""
        path = self.lock_of(endpoint).with_suffix(_LOCK)
        folders.private_folder(path.parent)
        with file_locks.hold(path, "changing a local endpoint"):
            yield


def create_endpoint(workspace: LocalWorkspace, document: Mapping[str, Any]) -> str:
    """Create an endpoint; one that exists stays.

    Raises:
        EndpointError: The file is wrong.
    """
    endpoint_changes.check(document)
    name = str(document["name"])
    with workspace.holding(name):
        atomic_files.write(workspace.file_of(name), json.dumps({"name": name}).encode())
    return name


def delete_endpoint(workspace: LocalWorkspace, name: str) -> None:
    """Delete an endpoint with its deployments.

    Raises:
        EndpointNotFoundError: There is none.
    """
    with workspace.holding(name):
        workspace.require(name)
        _remove(workspace, name, workspace.engine.instances(name))
        workspace.file_of(name).unlink()


def describe(workspace: LocalWorkspace, name: str) -> dict[str, Any]:
    """An endpoint as commands print it."""
    found = {one.deployment: workspace.engine.address(one.name) for one in workspace.engine.instances(name)}
    uris = {deployment: f"{address}/score" for deployment, address in sorted(found.items()) if address}
    return {"name": name, "kind": "Local", "provisioning_state": "Succeeded", "scoring_uris": uris}


def create_deployment(workspace: LocalWorkspace, document: Mapping[str, Any]) -> None:
    """Create a deployment with one instance, or replace the one of this name, and wait until it is ready.

    Raises:
        EndpointError: The file is wrong, there is no such endpoint, or the deployment does not become ready.
    """
    if deployment_settings.checked(document).collection:
        workspace.say("`data_collector` is ignored: nothing of local deployments is collected.")
        document = {key: value for key, value in document.items() if key != "data_collector"}
    endpoint, name = str(document["endpoint_name"]), str(document["name"])
    workspace.require(endpoint)
    for notice in deployment_settings.ignored(document):
        workspace.say(notice)
    with workspace.holding(endpoint):
        made = deployment_changes.resolved(workspace, document, 1, None, keeps_files=False)
        rollout.bring_up(workspace, made)
        _remove(
            workspace, endpoint, (one for one in _of(workspace, endpoint, name) if one.revision != made.revision)
        )  # fmt: skip


def delete_deployment(workspace: LocalWorkspace, endpoint: str, name: str) -> None:
    """Delete a deployment.

    Raises:
        EndpointNotFoundError: There is none.
    """
    with workspace.holding(endpoint):
        _remove(workspace, endpoint, [_only(workspace, endpoint, name)])


def log(workspace: LocalWorkspace, endpoint: str, name: str, lines: int) -> str:
    """The last lines that a deployment has written."""
    return workspace.engine.log(_only(workspace, endpoint, name).name, lines)


def address(workspace: LocalWorkspace, endpoint: str, name: str) -> str:
    """Where a deployment is used; the only one of the endpoint, if no name is given.

    Raises:
        EndpointError: There is none, or there are several.
    """
    found = _only(workspace, endpoint, name)
    if not (where := workspace.engine.address(found.name)):
        raise EndpointError(
            f"using local deployment '{found.deployment}' of endpoint '{endpoint}': its container does not run. `mlw "
            f"online-deployment get-logs {workspace.stack.name} --local -n {found.deployment} -e {endpoint}` shows why."
        )
    return f"{where}/score"


def _only(workspace: LocalWorkspace, endpoint: str, name: str) -> Instance:
    workspace.require(endpoint)
    found = _of(workspace, endpoint, name)
    if len(found) == 1:
        return found[0]
    known = sorted(one.deployment for one in workspace.engine.instances(endpoint))
    doing = f"looking for a deployment of local endpoint '{endpoint}'"
    if found:
        raise EndpointError(f"{doing}: there are several: {', '.join(known)}. Choose one with --deployment-name.")
    raise EndpointNotFoundError(f"{doing}: no such deployment '{name}'. Deployments: {', '.join(known) or 'none'}.")


def _of(workspace: LocalWorkspace, endpoint: str, name: str) -> list[Instance]:
    return [one for one in workspace.engine.instances(endpoint) if name in {"", one.deployment}]


def _remove(workspace: LocalWorkspace, endpoint: str, unwanted: Iterator[Instance] | list[Instance]) -> None:
    """Remove containers, and the volumes that no container of the endpoint uses any more."""
    for one in list(unwanted):
        workspace.engine.remove(one.name)
    kept = {(one.deployment, one.revision) for one in workspace.engine.instances(endpoint)}
    rollout.remove_volumes(workspace, endpoint, kept=kept)
