"""The client of the query API, against a server that returns what a test says."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.errors import ServiceError, ServiceUnreachableError
from mlw.insights.client import InsightsAccessError, InsightsBusyError, InsightsClient, QueryRejectedError
from mlw.insights.time_ranges import time_range

HOUR = time_range(start="2026-11-29T21:00", end="2026-11-29T22:00")
RESULT = {
    "tables": [
        {
            "name": "PrimaryResult",
            "columns": [{"name": "name", "type": "string"}, {"name": "count", "type": "long"}],
            "rows": [["GET /", 3], ["POST /", None]],
        }
    ],
    "range": {"start": "2026-11-29T21:00:00Z", "end": "2026-11-29T22:00:00Z"},
    "truncated": True,
}


class _Server(ThreadingHTTPServer):
    status = 200
    content = json.dumps(RESULT).encode()
    received: tuple[str, dict[str, str], Any] = ("", {}, None)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.received = (self.path, dict(self.headers), json.loads(self.rfile.read(length) or "null"))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Not in the tests' output."""


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def client(server: _Server) -> InsightsClient:
    return InsightsClient(endpoint=f"http://127.0.0.1:{server.server_port}", token="t0ken")


def test_query_is_sent_with_range_limit_and_token(client: InsightsClient, server: _Server) -> None:
    client.query("select 1", HOUR, maximum_rows=5)

    path, headers, body = server.received
    assert (path, headers["Authorization"]) == ("/v1/query", "Bearer t0ken")
    assert body == {
        "query": "select 1", "start": "2026-11-29T21:00:00Z", "end": "2026-11-29T22:00:00Z", "maximumRows": 5,
    }  # fmt: skip


def test_rows_come_by_name_with_the_range_that_was_used(client: InsightsClient) -> None:
    result = client.query("select 1", HOUR)

    assert result.records() == [{"name": "GET /", "count": 3}, {"name": "POST /", "count": None}]
    assert (result.range, result.is_truncated, result.types) == (HOUR, True, ["string", "long"])


def test_status_is_passed_on(client: InsightsClient, server: _Server) -> None:
    server.content = b'{"spans": {"rows": 5}}'

    assert client.status() == {"spans": {"rows": 5}}


@pytest.mark.parametrize(
    ("status", "error", "advice"),
    [
        (400, QueryRejectedError, r"HTTP 400: no such column\.$"),
        (401, InsightsAccessError, "Tokens change when credentials are rotated"),
        (403, InsightsAccessError, "right to read"),
        (413, QueryRejectedError, "Shorten the query"),
        (429, InsightsBusyError, "Other queries are running"),
        (503, InsightsBusyError, "mlw diagnose"),
        (504, InsightsBusyError, "shorter time range"),
        (500, ServiceError, "shows the log"),
    ],
)
def test_errors_say_what_to_do(
    status: int, error: type[ServiceError], advice: str, client: InsightsClient, server: _Server
) -> None:
    server.status, server.content = status, b'{"error": {"code": "x", "message": "no such column"}}'

    with pytest.raises(error, match=advice) as caught:
        client.query("select x", HOUR)
    assert type(caught.value) is error
    assert "t0ken" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (200, b"<html>", "HTTP 200: <html>"),
        (200, b"[]", r"HTTP 200: \[\]"),
        (200, b"{}", "not a query result"),
        (200, b'{"tables": []}', "not a query result"),
        (502, b"", "HTTP 502: no message"),
        (400, b'{"error": "text"}', "HTTP 400"),
    ],
    ids=str,
)
def test_a_response_that_is_none_is_an_error(
    status: int, content: bytes, message: str, client: InsightsClient, server: _Server
) -> None:
    server.status, server.content = status, content

    with pytest.raises(ServiceError, match=message):
        client.query("select 1", HOUR)


def test_without_a_server_the_message_says_how_to_start_it(client: InsightsClient, server: _Server) -> None:
    server.server_close()

    with pytest.raises(ServiceUnreachableError, match=r"it does not answer.*make up"):
        InsightsClient(endpoint="http://127.0.0.1:1", token="t").query("select 1", HOUR)


def test_an_unusable_ca_certificate_does_not_fall_back_to_plain_http() -> None:
    with pytest.raises(ServiceUnreachableError):
        InsightsClient(endpoint="https://127.0.0.1:1", token="t").query("select 1", HOUR)
