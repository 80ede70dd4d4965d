"""An OpenTelemetry client like one in a data scientist's program.

The SDK creates signals and passes them to its OTLP exporters one by one, so that a test gets the result of each export
instead of a line in a log. Every signal carries a marker that only this test knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import grpc
import requests
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, LogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

SIGNALS = ("traces", "metrics", "logs")


class Protocol(StrEnum):
    """The two transports of OTLP. Not the encoding: both carry protobuf."""

    GRPC = "otlpGrpc"
    HTTP = "otlpHttp"


@dataclass(frozen=True, slots=True)
class _Target:
    """Where and how exporters send."""

    endpoint: str
    headers: dict[str, str]
    seconds: float
    ca_file: str | None
    """File of the trusted CA certificate; None for the public ones."""

    def grpc(self) -> dict[str, Any]:
        """Arguments of an exporter over gRPC."""
        roots = Path(self.ca_file).read_bytes() if self.ca_file else None
        secure = self.endpoint.startswith("https://")
        return {
            "endpoint": self.endpoint,
            "headers": self.headers,
            "timeout": self.seconds,
            "insecure": not secure,
            "credentials": grpc.ssl_channel_credentials(roots) if secure else None,
        }

    def http(self, path: str) -> dict[str, Any]:
        """Arguments of an exporter over HTTP."""
        # `REQUESTS_CA_BUNDLE` of the environment would win over the exporter's own file (psf/requests#3829).
        session = requests.Session()
        session.trust_env = False
        return {
            "session": session,
            "endpoint": self.endpoint + path,
            "headers": self.headers,
            "timeout": self.seconds,
            "certificate_file": self.ca_file,
        }


def send(
    protocol: Protocol,
    endpoints: Mapping[str, str],
    token: str,
    marker: str,
    *,
    seconds: float = 15.0,
    ca_file: str | None = None,
) -> dict[str, bool]:
    """Send one span, one metric and one log record that carry the marker; return which of them were accepted.

    Args:
        protocol: The transport.
        endpoints: The stack's endpoints.
        token: Sent as a bearer token unless empty.
        marker: Attribute `test.marker` of all three.
        seconds: How long each export may take.
        ca_file: File of the CA certificate that the server's certificate is verified with.
    """
    headers = {"authorization": f"Bearer {token}"} if token else {}
    target = _Target(endpoints[protocol], headers, seconds, ca_file)
    return {
        "traces": _send_span(_span_exporter(protocol, target), marker),
        "metrics": _send_metric(_metric_exporter(protocol, target), marker),
        "logs": _send_log(_log_exporter(protocol, target), marker),
    }


def _span_exporter(protocol: Protocol, target: _Target) -> SpanExporter:
    if protocol is Protocol.GRPC:
        return GrpcSpanExporter(**target.grpc())
    return HttpSpanExporter(**target.http("/v1/traces"))


def _metric_exporter(protocol: Protocol, target: _Target) -> MetricExporter:
    if protocol is Protocol.GRPC:
        return GrpcMetricExporter(**target.grpc())
    return HttpMetricExporter(**target.http("/v1/metrics"))


def _log_exporter(protocol: Protocol, target: _Target) -> LogRecordExporter:
    if protocol is Protocol.GRPC:
        return GrpcLogExporter(**target.grpc())
    return HttpLogExporter(**target.http("/v1/logs"))


def _resource(marker: str) -> Resource:
    return Resource.create({"service.name": "test-client", "test.marker": marker})


def _send_span(exporter: SpanExporter, marker: str) -> bool:
    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=_resource(marker), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with provider.get_tracer("test").start_as_current_span("train", attributes={"test.marker": marker}):
        pass
    result = exporter.export(kept.get_finished_spans())
    exporter.shutdown()
    return result.name == "SUCCESS"


def _send_metric(exporter: MetricExporter, marker: str) -> bool:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], resource=_resource(marker), shutdown_on_exit=False)
    provider.get_meter("test").create_counter("epochs").add(3, {"test.marker": marker})
    data = reader.get_metrics_data()
    assert data is not None, "the SDK collected no metric"
    result = exporter.export(data)
    exporter.shutdown()
    provider.shutdown()
    return result.name == "SUCCESS"


def _send_log(exporter: LogRecordExporter, marker: str) -> bool:
    kept = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]  # the SDK annotates only a part of itself
    provider = LoggerProvider(resource=_resource(marker), shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(kept))
    provider.get_logger("test").emit(body="epoch done", attributes={"test.marker": marker})
    result = exporter.export(kept.get_finished_logs())
    exporter.shutdown()  # type: ignore[no-untyped-call]
    return result.name == "SUCCESS"
