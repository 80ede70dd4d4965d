"""Findings about Docker objects: missing or stopped containers, public ports, missing volumes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from infra import labels
from infra.rules.resources.resource_ids import parse_resource_id
from infra.services import SERVICES
from mlw.diagnosis.diagnosed_services import GROUPS, DiagnosedService
from mlw.diagnosis.engine_snapshot import Container, Snapshot
from mlw.diagnosis.findings import Finding, Group, Level, Repair
from mlw.lifecycle.checkpoints import DOCKER_KINDS
from mlw.stacks.stacks import Stack

LOOPBACK = "127.0.0.1"

_VERBS: Mapping[str, str] = {"created": "start", "exited": "start", "paused": "unpause"}
"""State of a container to what makes it run."""


def container_of(service: DiagnosedService, snapshot: Snapshot) -> Container | None:
    """Find the container of a service; among several, a running one."""
    wanted, port = service.resource_id.casefold(), service.service.endpoints[0].port
    candidates = [
        found for found in snapshot.containers if found.resource_id.casefold() == wanted and port in found.ports
    ]
    return next((found for found in candidates if found.is_running), next(iter(candidates), None))


def check_container(service: DiagnosedService, snapshot: Snapshot) -> Iterator[Finding]:
    """Findings about the container of one service."""
    group, container = service.group, container_of(service, snapshot)
    if container is None:
        message = (
            f"{service.what}: its container is gone. Run `make up STACK={service.owner}`, which recreates it on its "
            "volumes."
        )
        yield Finding(group=group, code="ContainerMissing", message=message)
        return
    if not container.is_running:
        yield Finding(
            group=group,
            code="ContainerNotRunning",
            message=_not_running(service, container),
            repair=_start(service, container),
        )
    published = {port for _, port in container.bindings}
    for url in service.addresses:
        if urlsplit(url).port not in published:
            shown = ", ".join(str(port) for port in sorted(published))
            yield Finding(
                group=group,
                code="PortNotPublished",
                message=f"{service.what}: the stack's output says '{url}', but container '{container.name}' publishes "
                f"{shown}. Remove the container with `docker rm -f {container.name}` and run `make up "
                f"STACK={container.stack}`.",
            )


def check_public_ports(snapshot: Snapshot) -> Iterator[Finding]:
    """Findings about ports of any container of the workspace that other machines can reach."""
    for container in snapshot.containers:
        for address, port in container.bindings:
            if address != LOOPBACK:
                yield Finding(
                    group=Group.NETWORK_SECURITY_RULE,
                    code="PortPublic",
                    message=f"{_what(container.resource_id)}: container '{container.name}' publishes port {port} on "
                    f"'{address}'; allowed: '{LOOPBACK}', this machine alone. Remove the container with "
                    f"`docker rm -f {container.name}` and run `make up STACK={container.stack}`.",
                )


def check_leftovers(snapshot: Snapshot) -> Iterator[Finding]:
    """Findings about leftover containers that copied files to a volume."""
    for container in snapshot.containers:
        if not container.is_service:
            yield Finding(
                group=_group(container.resource_id),
                code="ContainerLeftBehind",
                level=Level.WARNING,
                message=f"container '{container.name}' ({container.status}) is a leftover of a killed run. `make up "
                f"STACK={container.stack}` removes it.",
            )


def check_volumes_and_networks(stack: Stack, snapshot: Snapshot) -> Iterator[Finding]:
    """Findings about volumes and networks that are in the state and not on the engine."""
    for kind, name, resource_id in _known_objects(stack):
        if kind == "volume" and name not in snapshot.volumes:
            yield Finding(
                group=_group(resource_id),
                code="VolumeMissing",
                message=f"{_what(resource_id)}: its volume '{name}' is gone, with its data. Restore the volume from a "
                f"copy, or the workspace with `mlw restore FILE --stack NEW`; `make up STACK={stack.name}` does not "
                "silently replace it by an empty one.",
            )
        if kind == "network" and name not in snapshot.networks:
            yield Finding(
                group=Group.OTHER,
                code="NetworkMissing",
                message=f"{_what(resource_id)}: its network '{name}' is gone, so its services cannot reach each other. "
                f"Run `make up STACK={stack.name}`, which recreates it.",
            )


def _known_objects(stack: Stack) -> Iterable[tuple[str, str, str]]:
    """Kind, name and Azure resource of every Docker object in the state."""
    for resource in stack.checkpoint.own_objects:
        given = {entry["label"]: entry["value"] for entry in resource["inputs"].get("labels") or []}
        yield DOCKER_KINDS[resource["type"]], str(resource["outputs"]["name"]), given.get(labels.RESOURCE_ID, "")


def _group(resource_id: str) -> Group:
    title = str(parse_resource_id(resource_id).kind)
    return next((GROUPS[one.section] for one in SERVICES.values() if one.title == title), Group.OTHER)


def _what(resource_id: str) -> str:
    identity = parse_resource_id(resource_id)
    return f"{identity.kind} '{identity.name}'"


def _start(service: DiagnosedService, container: Container) -> Repair | None:
    """Start or unpause it; a container that exits again and again, or of another stack, needs more than that."""
    verb = _VERBS.get(container.status)
    return Repair(verb=verb, container=container.name) if verb and not service.sharer else None


def _not_running(service: DiagnosedService, container: Container) -> str:
    logs = f" Last log lines:\n{container.last_log_lines}" if container.last_log_lines else ""
    verb = _VERBS.get(container.status, "start")
    return (
        f"{service.what}: its container '{container.name}' is {container.status} (exit code {container.exit_code}, "
        f"restarts {container.restarts}). "
        f"Run `make up STACK={container.stack}`, or `docker {verb} {container.name}`.{logs}"
    )
