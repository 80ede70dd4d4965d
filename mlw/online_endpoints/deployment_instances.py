"""Instances of deployments as the Docker engine lists them, and the labels that they and their volumes have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra import labels
from mlw.online_endpoints.endpoint_records import Deployment

if TYPE_CHECKING:
    import docker

INSTANCE = "ml-workspace.instance"
"""Label of a container: its number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What an instance may use."""

    cpus: float
    memory_mib: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """A container of a deployment."""

    name: str
    endpoint: str
    deployment: str
    revision: str
    number: int
    is_running: bool
    is_stopped: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceState:
    """How a container ended."""

    status: str
    exit_code: int
    is_out_of_memory: bool


def labels_of(deployment: Deployment, label: str) -> dict[str, str]:
    """Labels of the containers and volumes of a deployment.

    Args:
        deployment: The deployment.
        label: The label that has the name of its endpoint.
    """
    return {label: deployment.endpoint, labels.ONLINE_DEPLOYMENT: deployment.name, labels.REVISION: deployment.revision}


def instance_of(found: Mapping[str, object], label: str) -> Instance:
    """Read a container as the engine lists it."""
    given: Mapping[str, str] = found["Labels"]  # type: ignore[assignment]
    names: list[str] = found["Names"]  # type: ignore[assignment]
    return Instance(
        name=names[0].lstrip("/"),
        endpoint=given[label],
        deployment=given.get(labels.ONLINE_DEPLOYMENT, ""),
        revision=given.get(labels.REVISION, ""),
        number=int(given.get(INSTANCE, -1)),
        is_running=found["State"] == "running",
        is_stopped=found["State"] in {"created", "exited", "dead"},
    )


def execute(client: docker.DockerClient, name: str, command: list[str]) -> bytes | None:
    """What a command prints in a container; None if it fails, or the container has ended."""
    import docker  # noqa: PLC0415 - as in infra.clients

    try:
        started = client.api.exec_create(name, command, stderr=False)["Id"]
        said = bytes(client.api.exec_start(started))
        return said if client.api.exec_inspect(started)["ExitCode"] == 0 else None
    except docker.errors.APIError as exc:
        if exc.status_code in {404, 409}:
            return None
        raise
