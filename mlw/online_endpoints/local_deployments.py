"""Local endpoints and deployments (`--local`): tried on this machine's engine before they are deployed.

Image, server, code and model are those of a deployment. There is no front, so no keys, traffic or telemetry, and no
record in the workspace: a container listens at a port of this machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mlw.azure_files import overrides
from mlw.online_endpoints import deployment_changes, deployment_settings, local_documents, local_records, rollout
from mlw.online_endpoints.deployment_instances import Instance
from mlw.online_endpoints.endpoint_errors import EndpointError, EndpointNotFoundError
from mlw.online_endpoints.local_workspace import LocalWorkspace


def create(workspace: LocalWorkspace, document: Mapping[str, Any]) -> None:
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
        _remember(workspace, endpoint, {**workspace.require(endpoint).deployments, name: document})
        remove(workspace, endpoint, (one for one in _of(workspace, endpoint, name) if one.revision != made.revision))


def replace_by_file(workspace: LocalWorkspace, document: Mapping[str, Any]) -> None:
    """Have a deployment be as a file says.

    Raises:
        EndpointError: As :func:`create`; or there is no such deployment.
    """
    _require(workspace, str(document["endpoint_name"]), str(document["name"]))
    create(workspace, document)


def update(workspace: LocalWorkspace, endpoint: str, name: str, changes: Sequence[str]) -> None:
    """Change what a deployment was created with, by `--set`; its files are read again.

    Raises:
        EndpointError: As :func:`create`; or there is no such deployment.
    """
    doing = f"updating local deployment '{name}' of endpoint '{endpoint}'"
    document = deployment_changes.copied(_require(workspace, endpoint, name))
    if not document:
        raise EndpointError(f"{doing}: it is not known what it was made from. Give --file.")
    overrides.apply(document, changes, doing)
    if (document.get("name"), document.get("endpoint_name")) != (name, endpoint):
        raise EndpointError(f"{doing}: its name and that of its endpoint cannot be changed. Create another deployment.")
    create(workspace, document)


def delete(workspace: LocalWorkspace, endpoint: str, name: str) -> None:
    """Delete a deployment.

    Raises:
        EndpointNotFoundError: There is none.
    """
    with workspace.holding(endpoint):
        _require(workspace, endpoint, name)
        remove(workspace, endpoint, _of(workspace, endpoint, name))
        known = workspace.require(endpoint).deployments
        _remember(workspace, endpoint, {key: document for key, document in known.items() if key != name})


def describe(workspace: LocalWorkspace, endpoint: str, name: str) -> dict[str, Any]:
    """A deployment as commands print it.

    Raises:
        EndpointNotFoundError: There is none.
    """
    document, instances = _require(workspace, endpoint, name), _of(workspace, endpoint, name)
    found = instances[0] if instances else None
    where = workspace.address(found) if found else ""
    return local_documents.deployment_json(name, endpoint, document, found, where)


def describe_all(workspace: LocalWorkspace, endpoint: str) -> list[dict[str, Any]]:
    """All deployments of an endpoint as commands print them.

    Raises:
        EndpointNotFoundError: There is no such endpoint.
    """
    found = {one.deployment: one for one in workspace.engine.instances(endpoint)}
    known = workspace.require(endpoint).deployments
    return [
        local_documents.deployment_json(
            name, endpoint, known.get(name, {}), one := found.get(name), workspace.address(one) if one else ""
        )
        for name in sorted({*known, *found})
    ]


def log(workspace: LocalWorkspace, endpoint: str, name: str, lines: int) -> str:
    """The last lines that a deployment has written."""
    return workspace.engine.log(_only(workspace, endpoint, name).name, lines)


def address(workspace: LocalWorkspace, endpoint: str, name: str) -> str:
    """Where a deployment is used; the only one of the endpoint, if no name is given.

    Raises:
        EndpointError: There is none, or there are several.
    """
    found = _only(workspace, endpoint, name)
    if not (where := workspace.address(found)):
        raise EndpointError(
            f"using local deployment '{found.deployment}' of endpoint '{endpoint}': its container does not run. `mlw "
            f"online-deployment get-logs {workspace.stack.name} --local -n {found.deployment} -e {endpoint}` shows why."
        )
    return where


def remove(workspace: LocalWorkspace, endpoint: str, unwanted: Iterable[Instance]) -> None:
    """Remove containers, and the volumes that no container of the endpoint uses any more."""
    for one in list(unwanted):
        workspace.engine.remove(one.name)
    kept = {(one.deployment, one.revision) for one in workspace.engine.instances(endpoint)}
    rollout.remove_volumes(workspace, endpoint, kept=kept)


def _remember(workspace: LocalWorkspace, endpoint: str, deployments: Mapping[str, Mapping[str, Any]]) -> None:
    found = replace(workspace.require(endpoint), deployments=deployments)
    local_records.write(workspace.file_of(endpoint), found)


def _require(workspace: LocalWorkspace, endpoint: str, name: str) -> Mapping[str, Any]:
    """The file that a deployment was made from; empty if it is not known."""
    known = workspace.require(endpoint).deployments
    if name not in known and not _of(workspace, endpoint, name):
        raise _missing(workspace, endpoint, name)
    return known.get(name, {})


def _only(workspace: LocalWorkspace, endpoint: str, name: str) -> Instance:
    workspace.require(endpoint)
    found = _of(workspace, endpoint, name)
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(_names(workspace, endpoint))
        raise EndpointError(f"{_looking(endpoint)}: there are several: {listed}. Choose one with --deployment-name.")
    raise _missing(workspace, endpoint, name)


def _missing(workspace: LocalWorkspace, endpoint: str, name: str) -> EndpointNotFoundError:
    listed = ", ".join(_names(workspace, endpoint)) or "none"
    return EndpointNotFoundError(f"{_looking(endpoint)}: no such deployment '{name}'. Deployments: {listed}.")


def _names(workspace: LocalWorkspace, endpoint: str) -> list[str]:
    """Names of all deployments, whether their file or their container is known."""
    of_engine = {one.deployment for one in workspace.engine.instances(endpoint)}
    return sorted({*workspace.require(endpoint).deployments, *of_engine})


def _looking(endpoint: str) -> str:
    return f"looking for a deployment of local endpoint '{endpoint}'"


def _of(workspace: LocalWorkspace, endpoint: str, name: str) -> list[Instance]:
    return [one for one in workspace.engine.instances(endpoint) if name in {"", one.deployment}]
