"""Alerts in application insights, over OTLP with JSON and the standard library only.

Each is two records: a warning among the logs, and an event, which application insights does not list among them.
"""

from __future__ import annotations

import json
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from mlw.job_programs.model_monitor.feature_checks import Check
from mlw.job_programs.model_monitor.monitor_settings import Settings
from mlw.job_programs.program_errors import ProgramMistakeError

EVENT = "ModelMonitorAlert"
_WARNING = 13
"""Severity of OpenTelemetry."""

_SECONDS = 30.0


def send(settings: Settings, alerts: Sequence[Check], environment: Mapping[str, str] = os.environ) -> bool:
    """Send a warning and an event for each alert.

    Returns:
        Whether they were accepted; False if the job has no right to send telemetry.

    Raises:
        ProgramMistakeError: They were not.
    """
    endpoint = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    if not endpoint:
        return False
    given = environment.get("OTEL_EXPORTER_OTLP_HEADERS", "")
    pairs = (one.partition("=") for one in given.split(",") if one)
    headers = {"Content-Type": "application/json", **{name.strip(): unquote(value) for name, _, value in pairs}}
    body = json.dumps(_body(settings, alerts, environment)).encode()
    request = urllib.request.Request(f"{endpoint.rstrip('/')}/v1/logs", body, headers)  # noqa: S310 - the stack's
    authority = environment.get("OTEL_EXPORTER_OTLP_CERTIFICATE")
    context = ssl.create_default_context(cafile=authority) if authority else None
    handlers = [urllib.request.ProxyHandler({}), *([urllib.request.HTTPSHandler(context=context)] if context else [])]
    try:
        urllib.request.build_opener(*handlers).open(request, timeout=_SECONDS).close()
    except (OSError, urllib.error.URLError) as exc:
        raise ProgramMistakeError(
            f"sending {len(alerts)} alerts to application insights: {exc}. They are in the job's outputs and log."
        ) from exc
    return True


def text_of(alert: Check) -> str:
    """An alert in a sentence."""
    side = "below" if alert.value < alert.threshold else "above"
    return (
        f"signal '{alert.signal}': {alert.metric} of '{alert.feature}' is {alert.value:.5g}, {side} the threshold "
        f"{alert.threshold:g}"
    )


def _body(settings: Settings, alerts: Sequence[Check], environment: Mapping[str, str]) -> dict[str, Any]:
    now = str(time.time_ns())
    service = environment.get("OTEL_SERVICE_NAME") or settings.monitor
    endpoint, _, deployment = settings.target.partition("/")
    common = {
        "monitor": settings.monitor, "endpoint": endpoint, "deployment": deployment,
        "job": environment.get("AZUREML_RUN_ID", ""),
    }  # fmt: skip
    records = [
        {
            "timeUnixNano": now,
            "observedTimeUnixNano": now,
            "severityNumber": _WARNING,
            "severityText": "WARN",
            **event,
            "body": {"stringValue": f"monitor '{settings.monitor}': {text_of(one)}"},
            "attributes": _attributes({**common, **vars(one)}),
        }
        for one in alerts
        for event in ({}, {"eventName": EVENT})
    ]
    resource = {"attributes": _attributes({"service.name": service})}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"doubleValue": one} if isinstance(one, float) else {"stringValue": str(one)}}
        for key, one in values.items()
        if key != "is_crossed"
    ]
