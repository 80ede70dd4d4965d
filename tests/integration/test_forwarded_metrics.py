"""Metrics that a real collector forwards to another server, and that nobody notices when this one is down."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from docker import DockerClient
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.support.collector import OWN, SECONDS, Collector, running_collector
from tests.support.probes import probe_until

ANYWHERE = "0.0.0.0"  # noqa: S104 - the collector is in a container
MANY = 300
FAILED = "otelcol_exporter_send_failed_metric_points"


@dataclass
class Receiver:
    """A server of OTLP/HTTP, such as Prometheus.

    Attributes:
        points: Name of every gauge to its values.
        is_there: Whether it answers; if it is cleared, it takes requests and says nothing.
    """

    port: int = 0
    points: dict[str, list[float]] = field(default_factory=dict)
    is_there: threading.Event = field(default_factory=threading.Event)

    def keep(self, body: bytes) -> None:
        """Decode a request."""
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            for metric in (one for scope in resource.scope_metrics for one in scope.metrics):
                self.points.setdefault(metric.name, []).extend(point.as_double for point in metric.gauge.data_points)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A receiver on this machine."""
    with running_receiver() as found:
        yield found


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    found = Receiver()
    found.is_there.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.is_there.wait(60)
            found.keep(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(requests.codes.ok)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((ANYWHERE, 0), Handler) as server:
        found.port = server.server_port
        threading.Thread(target=server.serve_forever).start()
        try:
            yield found
        finally:
            found.is_there.set()
            server.shutdown()


@pytest.fixture(scope="module")
def collector(engine: DockerClient, receiver: Receiver) -> Iterator[Collector]:
    """A collector that forwards to it."""
    with running_collector(engine, forward_port=receiver.port) as found:
        yield found


def send_gauge(collector: Collector, name: str, value: float) -> int:
    """Send one measurement; return the status."""
    point = {"asDouble": value, "timeUnixNano": str(time.time_ns())}
    metrics = [{"name": name, "gauge": {"dataPoints": [point]}}]
    return requests.post(
        f"http://127.0.0.1:{collector.port()}/v1/metrics",
        json={"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]},
        headers={"Authorization": f"Bearer {OWN}"},
        timeout=SECONDS,
    ).status_code


def test_metrics_are_forwarded_and_kept(collector: Collector, receiver: Receiver, marker: str) -> None:
    assert [send_gauge(collector, marker, value) for value in (1.5, 2.5)] == [requests.codes.ok] * 2

    def everywhere() -> None:
        assert sorted(receiver.points.get(marker, [])) == [1.5, 2.5]
        assert collector.kept("metrics", marker) == [marker]

    probe_until(everywhere, what="both measurements in both places")


@pytest.mark.fault("the server that metrics are forwarded to hangs", "all metrics are accepted and kept exactly once")
def test_metrics_are_accepted_and_kept_while_the_other_server_hangs(
    collector: Collector, receiver: Receiver, marker: str
) -> None:
    receiver.is_there.clear()
    try:
        statuses = {send_gauge(collector, marker, number) for number in range(MANY)}
        probe_until(lambda: find_failures(collector), what="a failure that is counted")
    finally:
        receiver.is_there.set()

    def kept() -> None:
        sql = f"SELECT count(*), count(DISTINCT value) FROM customMetrics WHERE name = '{marker}'"
        assert collector.insights.rows(sql) == [[MANY, MANY]]

    assert statuses == {requests.codes.ok}
    probe_until(kept, what="every measurement")
    probe_until(lambda: send_and_find(collector, receiver, f"{marker}-after"), what="what is measured afterwards")


def find_failures(collector: Collector) -> None:
    """Fail until the collector's own metrics say that the other server does not answer."""
    assert FAILED in collector.kept("metrics", FAILED)


def send_and_find(collector: Collector, receiver: Receiver, name: str) -> None:
    """Fail until a measurement has been forwarded."""
    assert send_gauge(collector, name, 1) == requests.codes.ok
    assert receiver.points.get(name)
