"""What one run of Pulumi spends its time on, from the engine's events."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

PHASES: Mapping[str, str] = {
    "start": "CLI, policy pack, program and providers start",
    "volumes": "network, volumes and their files",
    "containers": "containers",
    "services": "services become ready and are configured",
    "end": "state and processes end",
}
"""Phase to its title, in the order of a run."""

_CONTAINER = "docker:index/container:Container"


class RunPhases:
    """Splits a run at its first resource, its first container, its last container and its last resource.

    Args:
        clock: Seconds since any moment.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._first = self._last = self._first_container = self._last_container = self._began

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Record the time of one event; events other than those of resources are ignored."""
        resource = event.get("resourcePreEvent") or event.get("resOutputsEvent")
        if not resource:
            return
        now, is_container = self._clock(), _CONTAINER in resource["metadata"]["urn"]
        if self._first == self._began:
            self._first = self._first_container = self._last_container = now
        if is_container and self._first_container == self._first:
            self._first_container = now
        if is_container:
            self._last_container = now
        self._last = now

    def seconds(self) -> dict[str, float]:
        """Seconds of each phase, up to now; their sum is the whole run."""
        moments = [self._began, self._first, self._first_container, self._last_container, self._last, self._clock()]
        return {phase: after - before for phase, before, after in zip(PHASES, moments[:-1], moments[1:], strict=True)}
