"""Health: containers and readiness of the services; the whole diagnosis on request."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.clients import readiness_probes
from infra.clients.state import stack_states
from mlw.diagnosis.diagnose import findings
from mlw.diagnosis.diagnosed_services import DiagnosedService
from mlw.diagnosis.engine_snapshot import Container, take_snapshot
from mlw.diagnosis.findings import by_group
from mlw.diagnosis.object_checks import container_of
from mlw.studio.panel import Group, Panel, PanelRequest

READY = "ready"


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Look at the containers and probe each running service once."""
    access = request.access
    services = access.services
    snapshot = take_snapshot(
        stack_ids={access.stack.stack_id, *stack_states.identities()},
        resource_ids=[service.resource_id for service in services],
    )
    found = [(service, container_of(service, snapshot)) for service in services]
    with ThreadPoolExecutor(len(found) or 1) as pool:
        states = list(pool.map(lambda pair: _state(*pair), found))
    rows = [
        {"service": service, "container": container, "state": state}
        for (service, container), state in zip(found, states, strict=True)
    ]
    return {"rows": rows, "ready": READY, "diagnosis": _diagnosis(request), "may_diagnose": not access.principal}


def _diagnosis(request: PanelRequest) -> Mapping[str, Any] | None:
    """All findings; only on request, and only for the stack itself: the checks use all its credentials."""
    if not request.text("diagnose") or request.access.principal:
        return None
    return by_group(findings(request.access.stack))


def _state(service: DiagnosedService, container: Container | None) -> str:
    """`ready`, or what is wrong."""
    if container is None:
        return "no container"
    if not container.is_running:
        return f"container {container.status}"
    endpoint, connection = service.service.endpoints[0], service.connection
    result = readiness_probes.endpoint_probe(connection.endpoint, endpoint.probe, connection.ca_certificate)()
    return READY if result.passed else result.seen


PANEL = Panel(
    key="health",
    title="Health",
    about="Whether each service runs and is ready, asked just now.",
    group=Group.WORKSPACE,
    icon="heart",
    template="health.html",
    load=load,
)
