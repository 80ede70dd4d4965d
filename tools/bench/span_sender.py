"""Sends spans to application insights over OTLP/HTTP at a given rate, and counts what was acknowledged.

The spans are those of two services: requests of a front end, each with a call of a scoring service. What the sender
knows of them (how many, how many failed, how long they took) is compared with what queries find.
"""

from __future__ import annotations

import http.client
import math
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

BATCH = 512
"""Spans in a request, as the SDK's batch processor sends them; a multiple of the spans of one trace."""

SPANS_OF_TRACE = 2
OPERATIONS = 20
FAILED_SHARE = 0.02
SECONDS_OF_REQUEST = 30.0

_INTERNAL_SERVER_ERROR, _OK = 500, 200


@dataclass(kw_only=True)
class SpanSender:
    """One sender; not for several threads.

    Attributes:
        endpoint: Address of OTLP over HTTP.
        token: A token that may send.
        durations: Milliseconds of each acknowledged request, by operation.
        failed: How many acknowledged requests failed, by operation.
        traces: Ids of some acknowledged traces.
        refused: How many requests of the sender were not acknowledged.
    """

    endpoint: str
    token: str = field(repr=False)
    durations: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    traces: list[str] = field(default_factory=list)
    refused: int = 0
    _random: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - a load, no secrets

    @property
    def acknowledged(self) -> int:
        """Spans that were acknowledged."""
        return SPANS_OF_TRACE * sum(map(len, self.durations.values()))

    def send(self, spans: int, *, per_second: float = math.inf, ended: Event | None = None) -> None:
        """Send spans, at most so many per second, until all are sent or the event is set."""
        address = urlsplit(self.endpoint)
        connection = http.client.HTTPConnection(address.netloc, timeout=SECONDS_OF_REQUEST)
        began = time.monotonic()
        for number in range(math.ceil(spans / BATCH)):
            due = began + number * BATCH / per_second
            if (ended or Event()).wait(max(0.0, due - time.monotonic())):
                break
            self._send(connection)
        connection.close()

    def _send(self, connection: http.client.HTTPConnection) -> None:
        body, requests = self._batch()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/x-protobuf"}
        connection.request("POST", "/v1/traces", body, headers)
        response = connection.getresponse()
        response.read()
        if response.status != _OK:
            self.refused += 1
            return
        for operation, milliseconds, failed in requests:
            self.durations.setdefault(operation, []).append(milliseconds)
            self.failed[operation] = self.failed.get(operation, 0) + failed
        self.traces.append(self._last_trace)

    def _batch(self) -> tuple[bytes, list[tuple[str, float, bool]]]:
        front, scoring = _resource("front-end"), _resource("scoring")
        requests = []
        for _ in range(BATCH // SPANS_OF_TRACE):
            operation = f"POST /score/{self._random.randrange(OPERATIONS)}"
            failed = self._random.random() < FAILED_SHARE
            nanoseconds = int(self._random.lognormvariate(3, 1) * 1e6)
            self._trace(front, scoring, operation, nanoseconds, failed=failed)
            requests.append((operation, nanoseconds / 1e6, failed))
        return ExportTraceServiceRequest(resource_spans=[front, scoring]).SerializeToString(), requests

    def _trace(
        self, front: ResourceSpans, scoring: ResourceSpans, operation: str, nanoseconds: int, *, failed: bool
    ) -> None:
        trace, end = os.urandom(16), time.time_ns()
        self._last_trace = trace.hex()
        start, status = end - nanoseconds, _INTERNAL_SERVER_ERROR if failed else _OK
        request = front.scope_spans[0].spans.add(trace_id=trace, name=operation, kind=Span.SPAN_KIND_SERVER)
        _describe(request, start, end, {"http.request.method": "POST", "url.path": operation.split()[1]}, status)
        call = scoring.scope_spans[0].spans.add(trace_id=trace, name="POST", kind=Span.SPAN_KIND_CLIENT)
        call.parent_span_id = request.span_id
        _describe(call, start, end, {"http.request.method": "POST", "server.address": "model"}, status)


def _resource(service: str) -> ResourceSpans:
    name = KeyValue(key="service.name", value=AnyValue(string_value=service))
    return ResourceSpans(resource=Resource(attributes=[name]), scope_spans=[ScopeSpans()])


def _describe(span: Span, start: int, end: int, attributes: Mapping[str, str], status: int) -> None:
    span.span_id = os.urandom(8)
    span.start_time_unix_nano, span.end_time_unix_nano = start, end
    for key, value in attributes.items():
        span.attributes.add(key=key).value.string_value = value
    span.attributes.add(key="http.response.status_code").value.int_value = status
    if status != _OK:
        span.status.code = Status.STATUS_CODE_ERROR
        event = span.events.add(name="exception", time_unix_nano=end)
        event.attributes.add(key="exception.type").value.string_value = "ValueError"
        event.attributes.add(key="exception.message").value.string_value = "no such model"
