"""Findings about responses of services: readiness, credentials, and the workspace record."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.clients import readiness_probes
from infra.clients.readiness_probes import Probe, ProbeResult
from infra.clients.storage.object_store import ObjectStore
from infra.rules.datastores.default_datastores import ARTIFACT_STORE, RECORD_KEY
from infra.services import CredentialsProbe
from mlw.diagnosis import refused_credentials
from mlw.diagnosis.diagnosed_services import DiagnosedService
from mlw.diagnosis.findings import Finding, Group

PATIENCE_SECONDS = 3.0
"""How long a service may take to become ready: one that has just been started is not faulty."""

_VAULT_STATES = {
    "-> 503": ("Sealed", "it is sealed, so no secret can be read. Restart its container, which unseals it"),
    "-> 501": (
        "NotInitialised",
        "it is not initialised. Run `make up STACK={owner}`, which explains what happened to its data",
    ),
}


def check_answers(service: DiagnosedService) -> Iterator[Finding]:
    """Findings about one service whose container is running."""
    for probe in _probes(service):
        result = _patiently(probe)
        if not result.passed:
            yield _not_ready(service, result)
            return
    if tried := service.service.credentials_probe:
        status = _status_with_credentials(service, tried)
        if status != http.client.OK:
            yield _refused(service, f"{tried.method} {tried.path} -> {status}")


def check_record(
    service: DiagnosedService, datastores: Sequence[Mapping[str, str]], record: Mapping[str, Any]
) -> Iterator[Finding]:
    """Findings about the record in the workspace's storage account.

    Args:
        service: The storage account, which is ready.
        datastores: The stack's output of that name.
        record: The stack's output `workspace`.
    """
    bucket = next(store["container"] for store in datastores if store["name"] == ARTIFACT_STORE)
    store = ObjectStore(service.connection)
    try:
        content = store.get_document(bucket, RECORD_KEY)
    except Exception as exc:
        # The client's own error, which can only be recognised by its code.
        code = getattr(exc, "code", None)
        if code is None:
            raise
        yield _refused(service, f"GET {bucket}/{RECORD_KEY} -> {code}")
        return
    place = f"the workspace record '{bucket}/{RECORD_KEY}' in {service.what}"
    if content is None:
        yield _record(
            "RecordMissing",
            f"{place} is gone. Run `pulumi refresh -s {service.owner}` and `make up STACK={service.owner}`, which "
            "rewrite it.",
        )
    elif wrong := _differences(content, record):
        yield _record(
            "RecordDiffers",
            f"{place} differs from the output of the stack: {wrong}. Run `pulumi refresh -s {service.owner}` and "
            f"`make up STACK={service.owner}`, which rewrite it.",
        )


def _probes(service: DiagnosedService) -> Iterator[Probe]:
    for url, endpoint in zip(service.addresses, service.service.endpoints, strict=False):
        yield readiness_probes.endpoint_probe(url, endpoint.probe, service.connection.ca_certificate)


def _patiently(probe: Probe) -> ProbeResult:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := probe()).passed and time.monotonic() < deadline:
        time.sleep(readiness_probes.POLL_SECONDS)
    return result


def _status_with_credentials(service: DiagnosedService, probe: CredentialsProbe) -> int | str:
    """Send a request that needs the stack's credentials; return the status, or why there is none."""
    connection = service.connection
    client = readiness_probes.open_connection(connection.endpoint, ca_certificate=connection.ca_certificate)
    body = "{}" if probe.method == "POST" else None
    try:
        client.request(probe.method, probe.path, body, probe.headers(connection.credentials))
        return client.getresponse().status
    except (OSError, http.client.HTTPException) as exc:
        return type(exc).__name__
    finally:
        client.close()


def _not_ready(service: DiagnosedService, result: ProbeResult) -> Finding:
    group = service.group
    if group is Group.KEY_VAULT:
        for seen, (code, text) in _VAULT_STATES.items():
            if result.seen.endswith(seen):
                return Finding(
                    group=group,
                    code=code,
                    message=f"{service.what}: {text.format(owner=service.owner)} ({result.seen}).",
                )
    allowed = ", ".join(str(status) for status in sorted(service.service.readiness.expected))
    message = (
        f"{service.what}: it is not ready: {result.seen} for {PATIENCE_SECONDS:.0f} s; expected: {allowed}. See the "
        f"log of its container: `mlw logs {service.service.credentials_key} {service.owner}`."
    )
    return Finding(group=group, code="NotReady", message=message)


def _refused(service: DiagnosedService, seen: str) -> Finding:
    message = f"{service.what}: it rejects the credentials of the stack: {seen}. {refused_credentials.explain(service)}"
    return Finding(group=service.group, code="CredentialsRefused", message=message)


def _record(code: str, message: str) -> Finding:
    return Finding(group=Group.OTHER, code=code, message=message)


def _differences(content: bytes, record: Mapping[str, Any]) -> str:
    """Describe the difference; empty if there is none."""
    try:
        found = json.loads(content)
    except ValueError as exc:
        return f"it is not JSON ({exc})"
    if not isinstance(found, dict):
        return "it is not a JSON object"
    keys = sorted(key for key in {*found, *record} if found.get(key) != record.get(key))
    return ", ".join(f"'{key}' is {found.get(key)!r} instead of {record.get(key)!r}" for key in keys)
