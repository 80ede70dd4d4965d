"""CPU time and memory that containers use, as `docker stats` computes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.clients.engine import docker_engine

if TYPE_CHECKING:
    import docker

_WORKERS = 4
_FILE_CACHES = ("total_inactive_file", "inactive_file")
"""Memory that the kernel takes back when needed, in version 1 and 2 of control groups; version 1 has both."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What a container uses at one moment.

    Attributes:
        memory: Bytes.
        limit: Bytes that it may use.
        cpu: Nanoseconds of CPU time since its start.
        machine: Nanoseconds of CPU time of the machine, all CPUs together.
        cpus: Number of CPUs.
    """

    memory: int
    limit: int
    cpu: int
    machine: int
    cpus: int

    def percent_since(self, before: Usage | None) -> float | None:
        """CPU use since an earlier moment, in percent of one CPU; None if it cannot be known."""
        if before is None or self.machine <= before.machine or self.cpu < before.cpu:
            return None
        return 100.0 * self.cpus * (self.cpu - before.cpu) / (self.machine - before.machine)


def usage_of(containers: Iterable[str]) -> dict[str, Usage]:
    """The use of each running container; others are left out.

    Raises:
        EngineUnreachableError: The engine does not respond.
    """
    wanted = list(containers)
    with docker_engine.connect() as client, ThreadPoolExecutor(_WORKERS) as pool:
        found = zip(wanted, pool.map(lambda name: _read(client, name), wanted), strict=True)
        return {name: usage for name, usage in found if usage}


def _read(client: docker.DockerClient, container: str) -> Usage | None:
    return parse(measured(client, container))


def measured(client: docker.DockerClient, container: str) -> Mapping[str, Any]:
    """The engine's measurements of a container; empty if it has none, e.g. of a container that ends meanwhile.

    The engine may send the header of a response and then find nothing to put into its body.
    """
    import docker

    try:
        return dict(client.api.stats(container, stream=False, one_shot=True))
    except (docker.errors.APIError, ValueError):
        return {}


def parse(stats: Mapping[str, Any]) -> Usage | None:
    """Read one answer of the engine; None for a container that does not run."""
    memory, cpu = stats.get("memory_stats") or {}, stats.get("cpu_stats") or {}
    if "usage" not in memory:
        return None
    return Usage(
        memory=used_memory(memory),
        limit=memory.get("limit", 0),
        cpu=cpu["cpu_usage"]["total_usage"],
        machine=cpu.get("system_cpu_usage", 0),
        cpus=cpu.get("online_cpus") or 1,
    )


def used_memory(memory: Mapping[str, Any]) -> int:
    """Bytes in use, of the engine's `memory_stats`: without the cache of files that the kernel takes back."""
    details = memory.get("stats") or {}
    cached = next((details[name] for name in _FILE_CACHES if name in details), 0)
    return max(0, int(memory.get("usage") or 0) - int(cached))
