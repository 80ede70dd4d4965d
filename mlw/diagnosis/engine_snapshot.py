"""Snapshot of a workspace's objects on the engine: containers with details, names of volumes and networks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra import labels
from infra.clients.engine import docker_engine, log_quotes

if TYPE_CHECKING:
    import docker

LOG_LINES = 5
RUNNING = "running"


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """One container: enough to tell whether it is as the program created it."""

    name: str
    stack: str
    """Name of the stack that created it."""
    resource_id: str
    status: str
    exit_code: int
    restarts: int
    ports: frozenset[int]
    """Published ports in the container."""
    bindings: tuple[tuple[str, int], ...]
    """Host address and port of every published port."""
    last_log_lines: str
    """Of a stopped container; empty for a running one."""

    @property
    def is_running(self) -> bool:
        """Whether it is running."""
        return self.status == RUNNING

    @property
    def is_service(self) -> bool:
        """Whether it serves clients; a container that only copies files to a volume publishes nothing."""
        return bool(self.bindings)


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """The state of the engine at one moment."""

    containers: tuple[Container, ...]
    volumes: frozenset[str]
    networks: frozenset[str]


def take_snapshot(*, stack_ids: Collection[str], resource_ids: Collection[str]) -> Snapshot:
    """Take a snapshot of the engine.

    Args:
        stack_ids: Identities of the stacks of this backend; other objects are ignored.
        resource_ids: Azure resources whose containers are wanted, regardless of the owning stack.

    Raises:
        EngineUnreachableError: The engine does not respond.
    """
    wanted = {identity.casefold() for identity in resource_ids}
    with docker_engine.connect() as client:
        listed = client.api.containers(all=True)
        ids = [
            found["Id"]
            for found in listed
            if _is_of(found, stack_ids) and _resource_id(found["Labels"]).casefold() in wanted
        ]
        found = (_container(client, identity) for identity in ids)
        volumes, networks = client.api.volumes()["Volumes"] or [], client.api.networks()
        return Snapshot(
            containers=tuple(container for container in found if container),
            volumes=frozenset(volume["Name"] for volume in volumes if _is_of(volume, stack_ids)),
            networks=frozenset(network["Name"] for network in networks if _is_of(network, stack_ids)),
        )


def _is_of(found: Mapping[str, Any], stack_ids: Collection[str]) -> bool:
    return labels.identity_of(found["Labels"] or {}) in stack_ids


def _container(client: docker.DockerClient, identity: str) -> Container | None:
    import docker  # noqa: PLC0415 - a quarter of a second that only this needs

    try:
        details = client.api.inspect_container(identity)
        status = details["State"]["Status"]
        logs = b"" if status == RUNNING else client.api.logs(identity, tail=LOG_LINES * log_quotes.FRAMES)
    except docker.errors.NotFound:
        return None
    published = details["HostConfig"].get("PortBindings") or {}
    return Container(
        name=details["Name"].lstrip("/"),
        stack=details["Config"]["Labels"].get(labels.STACK, ""),
        resource_id=_resource_id(details["Config"]["Labels"]),
        status=status,
        exit_code=details["State"]["ExitCode"],
        restarts=details.get("RestartCount", 0),
        ports=frozenset(int(port.partition("/")[0]) for port in published),
        bindings=tuple(_bindings(published)),
        last_log_lines=log_quotes.last_lines(logs, LOG_LINES),
    )


def _bindings(published: Mapping[str, Any]) -> list[tuple[str, int]]:
    # An empty address is every address of the machine.
    return [
        (binding.get("HostIp") or "0.0.0.0", int(binding["HostPort"] or 0))  # noqa: S104 - what the engine means
        for bindings in published.values()
        for binding in bindings or []
    ]


def _resource_id(found: Mapping[str, str] | None) -> str:
    return (found or {}).get(labels.RESOURCE_ID, "")
