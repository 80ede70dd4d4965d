"""Creates, changes, describes and deletes local endpoints: names with texts, behind which local deployments listen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mlw.online_endpoints import (
    endpoint_changes,
    endpoint_identity,
    local_deployments,
    local_documents,
    local_records,
)
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.local_records import LocalEndpoint
from mlw.online_endpoints.local_workspace import LocalWorkspace
from mlw.records.authored import texts

_CHANGEABLE = ("description", "tags", "properties")
_TRAFFIC = ("traffic", "mirror_traffic")


def create(workspace: LocalWorkspace, document: Mapping[str, Any]) -> str:
    """Create an endpoint; one that exists gets these texts and keeps its deployments.

    Raises:
        EndpointError: The file is wrong.
    """
    endpoint_changes.check(document)
    _tell_of_identity(workspace, document.get(endpoint_identity.KEY))
    name = str(document["name"])
    with workspace.holding(name):
        path = workspace.file_of(name)
        before = local_records.read(path) or LocalEndpoint(name=name)
        local_records.write(path, replace(before, **_texts(document)))
    return name


def update(workspace: LocalWorkspace, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the texts of an endpoint.

    Args:
        workspace: The workspace.
        name: The endpoint.
        change: Changes the document with the keys that can be changed.

    Raises:
        EndpointError: There is no such endpoint, or the change is not valid.
    """
    with workspace.holding(name):
        before = workspace.require(name)
        document = {
            "description": before.description, "tags": dict(before.tags), "properties": dict(before.properties)
        }  # fmt: skip
        change(document)
        _tell_of_identity(workspace, document.pop(endpoint_identity.KEY, None))
        for key in _TRAFFIC:
            if document.pop(key, None):
                workspace.say(f"`{key}` is ignored: requests to a local deployment go to its own address.")
        if unknown := sorted(set(document) - set(_CHANGEABLE)):
            raise EndpointError(
                f"updating local endpoint '{name}': '{unknown[0]}' cannot be changed; allowed: "
                f"{', '.join(_CHANGEABLE)}."
            )
        local_records.write(workspace.file_of(name), replace(before, **_texts(document)))


def delete(workspace: LocalWorkspace, name: str) -> None:
    """Delete an endpoint with its deployments.

    Raises:
        EndpointNotFoundError: There is none.
    """
    with workspace.holding(name):
        workspace.require(name)
        local_deployments.remove(workspace, name, workspace.engine.instances(name))
        workspace.file_of(name).unlink()


def describe(workspace: LocalWorkspace, name: str) -> dict[str, Any]:
    """An endpoint as commands print it.

    Raises:
        EndpointNotFoundError: There is none.
    """
    endpoint = workspace.require(name)
    found = {one.deployment: workspace.address(one) for one in workspace.engine.instances(name)}
    return local_documents.endpoint_json(endpoint, {one: where for one, where in found.items() if where})


def _tell_of_identity(workspace: LocalWorkspace, given: object) -> None:
    if endpoint_identity.principal_of(given):
        workspace.say("`identity` is ignored: local deployments have no credentials.")


def _texts(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "description": str(document.get("description") or ""), "tags": texts(document.get("tags")),
        "properties": texts(document.get("properties")),
    }  # fmt: skip
