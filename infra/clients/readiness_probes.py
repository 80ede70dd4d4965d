"""Readiness: probe a service from outside until it is ready, or explain why it is not.

Waiting ends in one of three ways: the probe passes, the container exits permanently, or the deadline passes. The last
two raise an error with the probe's last result and the container's last log lines.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.clients.engine import docker_engine
from infra.clients.tls import tls_sessions
from infra.errors import NotReadyError
from infra.services import HttpProbe

POLL_SECONDS = 0.05
"""Pause between two probes: short compared with a service's start, long compared with a probe."""

CONTAINER_CHECK_SECONDS = 1.0
"""Pause between two checks of the container, which are more expensive than a probe."""

PROBE_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True)
class ProbeResult:
    """Result of one probe: whether it passed, and a description."""

    passed: bool
    seen: str


Probe = Callable[[], ProbeResult]


def http_probe(url: str, *, expected: frozenset[int], ca_certificate: str = "") -> Probe:
    """Build a probe that passes when ``GET url`` returns one of the expected status codes.

    Args:
        url: Full URL.
        expected: Status codes.
        ca_certificate: CA certificate (PEM) to verify the server with; unused for plain HTTP.
    """
    address = urlsplit(url)

    def probe() -> ProbeResult:
        connection = open_connection(url, ca_certificate=ca_certificate)
        try:
            connection.request("GET", f"{address.path or '/'}{'?' + address.query if address.query else ''}")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as exc:
            return ProbeResult(passed=False, seen=f"GET {url} -> {type(exc).__name__}")
        finally:
            connection.close()
        return ProbeResult(passed=status in expected, seen=f"GET {url} -> {status}")

    return probe


def endpoint_probe(url: str, probe: HttpProbe | None, ca_certificate: str) -> Probe:
    """Build the probe of one endpoint of a service.

    Args:
        url: Base URL.
        probe: The expected response; None if accepting a connection is enough.
        ca_certificate: CA certificate (PEM) of the URL; empty for plain HTTP.
    """
    if probe is None:
        address = urlsplit(url)
        return tcp_probe(address.hostname or "", address.port or 0)
    return http_probe(url + probe.path, expected=probe.expected, ca_certificate=ca_certificate)


def open_connection(url: str, *, ca_certificate: str = "") -> http.client.HTTPConnection:
    """Create a connection to the server of a URL, verified with the CA certificate; connects on the first request."""
    address = urlsplit(url)
    if address.scheme == "https":
        tls = tls_sessions.context(ca_certificate)
        return http.client.HTTPSConnection(address.netloc, timeout=PROBE_TIMEOUT_SECONDS, context=tls)
    return http.client.HTTPConnection(address.netloc, timeout=PROBE_TIMEOUT_SECONDS)


def tcp_probe(host: str, port: int) -> Probe:
    """Build a probe that passes when a connection is accepted."""

    def probe() -> ProbeResult:
        try:
            with socket.create_connection((host, port), timeout=PROBE_TIMEOUT_SECONDS):
                return ProbeResult(passed=True, seen=f"connect {host}:{port} -> accepted")
        except OSError as exc:
            return ProbeResult(passed=False, seen=f"connect {host}:{port} -> {type(exc).__name__}")

    return probe


def wait_until_ready(what: str, probes: list[Probe], *, container: str, deadline_seconds: float) -> None:
    """Wait until every probe passes.

    A container that an interrupted run created but did not start is started first: its volumes have all it needs.

    Args:
        what: The resource as shown to the user, e.g. ``key vault 'kv-churn-dev'``.
        probes: Run in order, each until it passes.
        container: Name of the container that serves it.
        deadline_seconds: For all probes together.

    Raises:
        NotReadyError: The deadline passed, or the container exited permanently.
    """
    docker_engine.start_if_stopped(container)
    has_ended = False
    started = time.monotonic()
    next_look = started + CONTAINER_CHECK_SECONDS
    for probe in probes:
        while not (result := probe()).passed:
            now = time.monotonic()
            if now - started > deadline_seconds:
                headline = f"{what} did not become ready in {deadline_seconds:.0f} s"
                raise NotReadyError(_explain(headline, result, container))
            if now > next_look:
                next_look = now + CONTAINER_CHECK_SECONDS
                had_ended, has_ended = has_ended, _has_ended(container)
                # Check twice: somebody may be restarting it.
                if had_ended and has_ended:
                    raise NotReadyError(_explain(f"{what} stopped before it was ready", result, container))
            time.sleep(POLL_SECONDS)


def _has_ended(container: str) -> bool:
    state = docker_engine.container_state(container, log_lines=1)
    return state is None or state.has_given_up


def _explain(headline: str, result: ProbeResult, container: str) -> str:
    state = docker_engine.container_state(container)
    if state is None:
        return f"{headline}: {result.seen}; container '{container}' does not exist. Run `make up` again."
    return (
        f"{headline}: {result.seen}; container '{container}' is {state.status} (exit code {state.exit_code}, "
        f"restarts {state.restarts}). Fix the cause and run `make up` again. Last log lines:\n"
        f"{state.last_log_lines}"
    )
