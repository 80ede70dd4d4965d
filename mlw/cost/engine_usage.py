"""What the engine says about the containers and volumes of this home's stacks, at one moment.

Since when a container has been running, what it has used since then, and how large a volume is. The engine measures
volumes by walking through them, which takes a while for many files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra import labels
from infra.clients.engine.container_usage import measured, used_memory
from infra.clients.engine.docker_engine import connect
from mlw.cost import usage_ledger, usage_outside_states
from mlw.cost.running_time import parse
from mlw.cost.usage_ledger import RunningState, moment_of_engine

if TYPE_CHECKING:
    import docker

VOLUMES_SECONDS = 600.0
"""Timeout of measuring all volumes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerUse:
    """One container.

    Attributes:
        identity: Identity of its stack.
        cpus: CPUs that it has used on average since it was started.
        memory_mib: Memory that it uses now, without caches that can be dropped.
        cpu_limit: Its limit; None for none.
        outside: Its entry in the ledger, if it is an online deployment's; None for others.
    """

    id: str
    name: str
    identity: str
    resource_id: str
    state: RunningState
    cpus: float = 0.0
    memory_mib: float = 0.0
    cpu_limit: float | None = None
    memory_limit_mib: float = 0.0
    outside: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineUse:
    """All containers and volumes of this home's stacks.

    Attributes:
        volumes: Identity of the stack to sizes in bytes, by name.
        at: When it was measured.
    """

    containers: Sequence[ContainerUse]
    volumes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    at: datetime


def measure(identities: Sequence[str], *, volumes: bool = True) -> EngineUse:
    """Ask the engine.

    Args:
        identities: Identities of the stacks.
        volumes: Whether to measure volumes.

    Raises:
        EngineUnreachableError: It does not respond.
    """
    now = datetime.now(UTC)
    with connect(timeout_seconds=VOLUMES_SECONDS) as client:
        listed = client.api.containers(all=True, filters={"label": labels.ID})
        containers = [
            _container(client, one["Id"], now) for one in listed if one["Labels"].get(labels.ID) in identities
        ]
        sizes = _volumes(client, identities) if volumes and containers else {}
    return EngineUse(containers=[one for one in containers if one], volumes=sizes, at=now)


def record(use: EngineUse, identities: Sequence[str]) -> None:
    """Add a measurement to the ledgers."""
    for identity in identities:
        own = [one for one in use.containers if one.identity == identity]
        states = {one.id: one.state for one in own}
        outside = {one.id: one.outside for one in own if one.outside}
        usage_ledger.note_sample(identity, states, use.volumes.get(identity, {}), at=use.at, outside=outside)


def _container(client: docker.DockerClient, container_id: str, now: datetime) -> ContainerUse | None:
    import docker  # noqa: PLC0415 - only with an engine

    try:
        details = client.api.inspect_container(container_id)
    except docker.errors.NotFound:
        return None
    running = bool(details["State"]["Running"])
    stats = measured(client, container_id) if running else {}
    state, host = details["State"], details["HostConfig"]
    held = details["Config"]["Labels"] or {}
    started = moment_of_engine(state["StartedAt"])
    seconds = (now - parse(started)).total_seconds() if started and running else 0.0
    used = int((stats.get("cpu_stats") or {}).get("cpu_usage", {}).get("total_usage") or 0) / 1e9
    return ContainerUse(
        id=details["Id"],
        name=str(details["Name"]).lstrip("/"),
        identity=str(held.get(labels.ID, "")),
        resource_id=str(held.get(labels.RESOURCE_ID, "")),
        state=RunningState(running=running, started=started, finished=moment_of_engine(state["FinishedAt"])),
        cpus=used / seconds if seconds > 0 else 0.0,
        memory_mib=used_memory(stats.get("memory_stats") or {}) / 2**20,
        cpu_limit=host["NanoCpus"] / 1e9 if host.get("NanoCpus") else None,
        memory_limit_mib=int(host.get("Memory") or 0) / 2**20,
        outside=usage_outside_states.deployment(details) if usage_outside_states.is_of_deployment(held) else None,
    )


def _volumes(client: docker.DockerClient, identities: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for volume in client.api.df().get("Volumes") or []:
        identity, size = (volume.get("Labels") or {}).get(labels.ID), (volume.get("UsageData") or {}).get("Size", -1)
        if identity in identities and size >= 0:
            found.setdefault(str(identity), {})[volume["Name"]] = int(size)
    return found
