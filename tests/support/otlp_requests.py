"""OTLP requests of a certain size, put together by hand and sent once: what a client with large records sends."""

import gzip
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
import requests
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from tests.support.otlp import Protocol

Records = Sequence[tuple[str, int]]
"""Name and size of each record."""

SECONDS = 30
OK, TOO_LARGE, LATER = "ok", "too large", "later"
_HTTP = {(200, False): OK, (400, True): TOO_LARGE, (503, False): LATER}
_GRPC = {grpc.StatusCode.RESOURCE_EXHAUSTED: TOO_LARGE, grpc.StatusCode.UNAVAILABLE: LATER}


def _padding(size: int) -> list[KeyValue]:
    return [KeyValue(key="padding", value=AnyValue(string_value="x" * size))]


def _traces(records: Records) -> ExportTraceServiceRequest:
    spans = [
        Span(
            trace_id=uuid.uuid4().bytes,
            span_id=uuid.uuid4().bytes[:8],
            name=name,
            start_time_unix_nano=time.time_ns(),
            end_time_unix_nano=time.time_ns(),
            attributes=_padding(size),
        )
        for name, size in records
    ]
    return ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])])


def _metrics(records: Records) -> ExportMetricsServiceRequest:
    metrics = [Metric(name=name, gauge=Gauge(data_points=[_point(size)])) for name, size in records]
    return ExportMetricsServiceRequest(
        resource_metrics=[ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=metrics)])]
    )


def _point(size: int) -> NumberDataPoint:
    return NumberDataPoint(as_int=1, time_unix_nano=time.time_ns(), attributes=_padding(size))


def _logs(records: Records) -> ExportLogsServiceRequest:
    logs = [
        LogRecord(body=AnyValue(string_value=name), time_unix_nano=time.time_ns(), attributes=_padding(size))
        for name, size in records
    ]
    return ExportLogsServiceRequest(resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=logs)])])


_REQUESTS: Mapping[str, Callable[[Records], Message]] = {"traces": _traces, "metrics": _metrics, "logs": _logs}
_STUBS: Mapping[str, Callable[[grpc.Channel], Any]] = {
    "traces": TraceServiceStub,
    "metrics": MetricsServiceStub,
    "logs": LogsServiceStub,
}


def request_of_size(signal: str, names: Sequence[str], size: int) -> Message:
    """Make a request of so many bytes; the record in the middle is large, the others are small."""
    middle = names[len(names) // 2]

    def padded(padding: int) -> Message:
        return _REQUESTS[signal]([(name, padding if name == middle else 1) for name in names])

    padding = size - 1000
    return padded(padding + size - padded(padding).ByteSize())


def request_of_equal_records(signal: str, prefix: str, count: int, size: int) -> Message:
    """Make a request of so many bytes that consists of small records of one size."""

    def padded(padding: int) -> Message:
        return _REQUESTS[signal]([(f"{prefix}{number}-", padding) for number in range(count)])

    fitting = (size - padded(200).ByteSize()) // count + 200
    return padded(fitting)


def send_request(
    protocol: Protocol, port: str, signal: str, request: Message, *, token: str, compressed: bool = False
) -> str:
    """Send a request once; return the outcome: `OK`, `TOO_LARGE` or `LATER`."""
    send = _send_grpc if protocol is Protocol.GRPC else _send_http
    return send(port, signal, request, f"Bearer {token}", compressed)


def _send_http(port: str, signal: str, request: Message, authorization: str, compressed: bool) -> str:  # noqa: FBT001
    body = request.SerializeToString()
    with requests.Session() as session:
        session.trust_env = False
        response = session.post(
            f"http://127.0.0.1:{port}/v1/{signal}",
            data=gzip.compress(body) if compressed else body,
            headers={
                "authorization": authorization,
                "content-type": "application/x-protobuf",
                **({"content-encoding": "gzip"} if compressed else {}),
            },
            timeout=SECONDS,
        )
    return _HTTP[response.status_code, b"request body too large" in response.content]


def _send_grpc(port: str, signal: str, request: Message, authorization: str, compressed: bool) -> str:  # noqa: FBT001
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        try:
            _STUBS[signal](channel).Export(
                request,
                metadata=[("authorization", authorization)],
                timeout=SECONDS,
                compression=grpc.Compression.Gzip if compressed else None,
            )
        except grpc.RpcError as exc:
            return _GRPC[exc.code()]
    return OK
