"""Health and use of a workspace's services at one moment, and the rates of its requests."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from infra.clients import readiness_probes
from infra.clients.engine import container_usage
from infra.clients.engine.container_usage import Usage
from infra.errors import MlWorkspaceError
from infra.services import SERVICES, WITHOUT_SCHEME, Service
from mlw.operation.service_names import ServiceContainer, service_containers
from mlw.stacks.stacks import Stack

READY, NOT_READY = "ready", "not ready"
_MIB = 2**20
_WORKERS = 4

_SERVICES: Mapping[str, Service] = {service.credentials_key: service for service in SERVICES.values()}


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceStatus:
    """One service.

    Attributes:
        state: `ready`, `not ready`, or the state of a container that does not run.
        milliseconds: How long the health check took; None if it failed.
        memory: MiB; None if it is not known, as all of the following.
        limit: MiB.
        cpu: Percent of one CPU since the last refresh.
    """

    service: str
    state: str
    milliseconds: float | None = None
    memory: float | None = None
    limit: float | None = None
    cpu: float | None = None
    restarts: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether it serves clients."""
        return self.state == READY

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "service": self.service,
            "state": self.state,
            "healthCheckMs": self.milliseconds,
            "memoryMib": self.memory,
            "limitMib": self.limit,
            "cpuPercent": self.cpu,
            "restarts": self.restarts,
        }


class Watcher:
    """Observes one workspace; remembers the last use, from which CPU use follows.

    Args:
        stack: A stack that is up.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._before: dict[str, Usage] = {}

    def look(self) -> list[ServiceStatus]:
        """Look at all services.

        Raises:
            EngineUnreachableError: The engine does not respond.
        """
        found = service_containers(self._stack)
        usage = container_usage.usage_of(one.container.name for one in found if one.container.is_running)
        with ThreadPoolExecutor(_WORKERS) as pool:
            health = list(pool.map(self._health, found))
        statuses = [self._status(one, health[number], usage) for number, one in enumerate(found)]
        self._before = usage
        return statuses

    def _status(
        self, one: ServiceContainer, health: tuple[str, float | None], usage: Mapping[str, Usage]
    ) -> ServiceStatus:
        state, milliseconds = health
        used = usage.get(one.container.name)
        percent = used.percent_since(self._before.get(one.container.name)) if used else None
        return ServiceStatus(
            service=one.service,
            state=state,
            milliseconds=milliseconds,
            memory=round(used.memory / _MIB, 1) if used else None,
            limit=round(used.limit / _MIB, 1) if used else None,
            cpu=None if percent is None else round(percent, 1),
            restarts=one.container.restarts,
        )

    def _health(self, one: ServiceContainer) -> tuple[str, float | None]:
        if not one.container.is_running:
            return one.container.status, None
        name, _, account = one.service.partition(".")
        known = _SERVICES[name]
        use = known.endpoints[0].use
        address = str(self._stack.outputs["endpoints"].get(f"{use}.{account}" if account else use, ""))
        if not address:
            return NOT_READY, None
        scheme = f"{'https' if self._stack.serves_tls else 'http'}://" if use in WITHOUT_SCHEME else ""
        started = time.monotonic()
        result = readiness_probes.endpoint_probe(scheme + address, known.readiness, self._stack.ca_certificate)()
        return (READY, round(1000 * (time.monotonic() - started), 1)) if result.passed else (NOT_READY, None)


class Rates:
    """Requests of the last minute, where the workspace's telemetry can be queried."""

    def __init__(self, stack: Stack) -> None:
        from mlw.insights import access  # noqa: PLC0415 - only for a workspace that has queries

        self._client = access.connect(stack) if access.ENDPOINT in stack.require_outputs()["endpoints"] else None

    @property
    def exist(self) -> bool:
        """Whether they can be queried at all."""
        return self._client is not None

    def look(self) -> list[dict[str, Any]]:
        """Requests by service: count, failed, per second, durations; empty if the service is busy or restarts."""
        if self._client is None:
            return []
        from mlw.insights.reports import REPORTS  # noqa: PLC0415 - likewise
        from mlw.insights.time_ranges import time_range  # noqa: PLC0415 - likewise

        last_minute = time_range(offset="1m")
        try:
            records = self._client.query(REPORTS["live"].query(last_minute), last_minute).records()
        except MlWorkspaceError:
            return []
        return [record for record in records if record["item"] == "requests"]
