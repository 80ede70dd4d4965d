"""Checks that every service of a workspace responds, before it is reported as ready."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.clients import readiness_probes
from infra.clients.readiness_probes import Probe, ProbeResult
from infra.errors import NotReadyError
from infra.services import SERVICES, HttpProbe
from mlw.lifecycle.checkpoints import Checkpoint

PATIENCE_SECONDS = 20.0
"""For all services together: one that was just restarted is not faulty."""

ENDPOINTS = {endpoint.use: endpoint for service in SERVICES.values() for endpoint in service.endpoints}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    what: str
    probe: Probe


def require_ready(stack: str, checkpoint: Checkpoint, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Probe every service in the stack's outputs, including those of other stacks.

    Raises:
        NotReadyError: Some are not ready; the message names all of them.
    """
    deadline = time.monotonic() + patience_seconds
    waiting = list(_services(checkpoint.outputs))
    while True:
        results = [(one, one.probe()) for one in waiting]
        failed = [(one, result) for one, result in results if not result.passed]
        if not failed:
            return
        if time.monotonic() > deadline:
            raise NotReadyError(_explain(stack, failed))
        waiting = [one for one, _ in failed]
        time.sleep(readiness_probes.POLL_SECONDS)


def _services(outputs: Mapping[str, object]) -> Iterator[_Asked]:
    found, ca_certificate = outputs.get("endpoints"), str(outputs.get("certificateAuthority") or "")
    for use, address in (found if isinstance(found, Mapping) else {}).items():
        # The key of an additional account ends with its name.
        kind, _, name = use.partition(".")
        endpoint = ENDPOINTS.get(kind)
        if endpoint:
            what = f"{endpoint.title} '{name}'" if name else endpoint.title
            yield _Asked(what=what, probe=_any_scheme(str(address), endpoint.probe, ca_certificate))


def _any_scheme(address: str, probe: HttpProbe | None, ca_certificate: str) -> Probe:
    """Probe an address; without a scheme, try TLS first if there is any."""
    schemes = [""] if "://" in address else ["https://", "http://"] if ca_certificate else ["http://"]
    probes = [readiness_probes.endpoint_probe(scheme + address, probe, ca_certificate) for scheme in schemes]

    def ask() -> ProbeResult:
        results = [probes[0]()]
        results += [other() for other in probes[1:] if not results[0].passed]
        return next((result for result in results if result.passed), results[0])

    return ask


def _explain(stack: str, failed: list[tuple[_Asked, ProbeResult]]) -> str:
    seen = "; ".join(f"{one.what}: {result.seen}" for one, result in failed)
    return (
        f"checking the services of stack '{stack}': not ready: {seen}. `mlw diagnose {stack}` shows the cause, "
        "`docker ps -a` the containers, `docker logs` their output."
    )
