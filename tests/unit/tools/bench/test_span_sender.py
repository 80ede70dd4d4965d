"""The load of the benchmark of application insights counts what was acknowledged, and nothing else."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tools.bench.span_sender import BATCH, SPANS_OF_TRACE, SpanSender

STATUSES = [200, 503, 200]


class Receiver(ThreadingHTTPServer):
    """Responds with the given statuses in turn, and keeps the requests that it has acknowledged."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses = list(STATUSES)
        self.kept: list[ExportTraceServiceRequest] = []


class Handler(BaseHTTPRequestHandler):
    """Of the receiver."""

    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body, status = self.rfile.read(int(self.headers["Content-Length"])), self.server.statuses.pop(0)
        if status == 200 and self.headers["Authorization"] == "Bearer secret":
            self.server.kept.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_sender_knows_exactly_what_was_acknowledged(receiver: Receiver) -> None:
    sender = SpanSender(endpoint=f"http://127.0.0.1:{receiver.server_port}", token="secret")

    sender.send(len(STATUSES) * BATCH)

    requests = [span for sent in receiver.kept for span in sent.resource_spans[0].scope_spans[0].spans]
    failed = [span for span in requests if span.status.code == Status.STATUS_CODE_ERROR]
    assert sender.acknowledged == 2 * BATCH == SPANS_OF_TRACE * len(requests)
    assert sender.refused == 1
    assert sum(sender.failed.values()) == len(failed) > 0
    assert {name: len(times) for name, times in sender.durations.items()} == {
        name: sum(span.name == name for span in requests) for name in {span.name for span in requests}
    }
    assert set(sender.traces) <= {span.trace_id.hex() for span in requests}
    assert len({span.span_id for span in requests}) == len(requests)
