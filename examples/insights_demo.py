"""Two services that trace what they do, and a customer who calls them.

`scoring` serves GET /score/CUSTOMER and calls `features`, which serves GET /features/CUSTOMER. They are two services as
application insights sees them, with an HTTP call between them, though both run here. Everything that is needed to send
telemetry is in the environment that `mlw run` sets:

    mlw run dev -- python examples/insights_demo.py
"""

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, format_trace_id

SECONDS = 20
AGES = {"ada": 36, "alan": 41, "grace": 85}
CUSTOMERS = (*AGES, *AGES, *AGES, "nobody")
"""Nine requests succeed, the last one fails."""

SEVERITIES = {
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
}


class Telemetry:
    """Traces, metrics and logs of one service. The exporters read OTEL_EXPORTER_OTLP_ENDPOINT and _HEADERS."""

    def __init__(self, service: str) -> None:
        resource = Resource.create({"service.name": service})
        self.traces = TracerProvider(resource=resource)
        self.traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self.metrics = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource=resource)
        self.logs = LoggerProvider(resource=resource)
        self.logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
        self.tracer = self.traces.get_tracer(service)
        self.scores = self.metrics.get_meter(service).create_histogram("score", unit="1", description="Scores")
        self.log = logging.getLogger(service)
        self.log.setLevel(logging.INFO)
        self.log.addHandler(LogHandler(self.logs))

    def send(self) -> None:
        """Send what is waiting, and stop."""
        for provider in (self.traces, self.metrics, self.logs):
            provider.shutdown()


class LogHandler(logging.Handler):
    """Sends records of Python's logging; each one belongs to the span in which it is written."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self.logger = provider.get_logger(__name__)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        number = SEVERITIES[record.levelno]
        self.logger.emit(severity_number=number, severity_text=record.levelname, body=record.getMessage())


class Service(ThreadingHTTPServer):
    """An HTTP service with telemetry."""

    def __init__(self, name: str, features: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.name, self.features, self.telemetry = name, features, Telemetry(name)
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def call(self, customer: str) -> dict[str, Any]:
        """What the service does; an exception fails the request."""
        if not self.features:
            with self.telemetry.tracer.start_as_current_span("look up"):
                return {"customer": customer, "age": AGES[customer]}
        found = self._get(f"{self.features}/features/{customer}")
        with self.telemetry.tracer.start_as_current_span("predict"):
            time.sleep(0.01)  # the model
            score = found["age"] / 100
        self.telemetry.scores.record(score)
        self.telemetry.log.info("score of %s is %s", customer, score)
        return {"customer": customer, "score": score}

    def _get(self, url: str) -> dict[str, Any]:
        """Call another service: a dependency, whose request has this span as its parent."""
        attributes = {"http.request.method": "GET", "url.full": url}
        with self.telemetry.tracer.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes=attributes) as span:
            headers: dict[str, str] = {}
            inject(headers)
            response = requests.get(url, headers=headers, timeout=SECONDS)
            span.set_attribute("http.response.status_code", response.status_code)
            response.raise_for_status()
            return dict(response.json())

    def stop(self) -> None:
        """Stop serving, and send all telemetry."""
        self.shutdown()
        self.thread.join()
        self.server_close()
        self.telemetry.send()


class Handler(BaseHTTPRequestHandler):
    """One request: a span that continues the caller's trace."""

    server: Service

    def do_GET(self) -> None:
        """Respond with JSON."""
        _, route, customer = self.path.split("/")
        tracer, status, body = self.server.telemetry.tracer, HTTPStatus.OK, {}
        attributes = {"http.request.method": "GET", "http.route": f"/{route}/{{customer}}", "url.path": self.path}
        name, context = f"GET /{route}/{{customer}}", extract(self.headers)
        with tracer.start_as_current_span(name, context, SpanKind.SERVER, attributes) as span:
            try:
                body = self.server.call(customer)
            except Exception:
                # The span in which it was raised has recorded it.
                span.set_status(Status(StatusCode.ERROR))
                self.server.telemetry.log.exception("no %s of %s", route, customer)
                status = HTTPStatus.INTERNAL_SERVER_ERROR
            span.set_attribute("http.response.status_code", status.value)
        self.send_response(status)
        self.send_header("X-Operation-Id", format_trace_id(span.get_span_context().trace_id))
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Requests are in the telemetry."""


@contextmanager
def running(name: str, features: str = "") -> Iterator[Service]:
    """A service as long as it is needed."""
    service = Service(name, features)
    try:
        yield service
    finally:
        service.stop()


def main() -> None:
    """Score all customers."""
    with running("features") as features, running("scoring", features.url) as scoring:
        for customer in CUSTOMERS:
            response = requests.get(f"{scoring.url}/score/{customer}", timeout=SECONDS)
            result = response.json().get("score", f"failed with {response.status_code}")
            print(f"{customer}: {result}, operation {response.headers['X-Operation-Id']}")


if __name__ == "__main__":
    main()
