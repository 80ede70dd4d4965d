"""The client of MLflow's REST API against a small server: login, pages, errors, streams."""

import http.server
import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from infra.clients.service_connection import ServiceConnection
from infra.errors import ServiceError, ServiceUnreachableError
from mlw.tracking import artifacts, tracked_runs
from mlw.tracking.artifacts import Artifact
from mlw.tracking.tracking_client import (
    TrackingAccessError,
    TrackingClient,
    TrackingNotFoundError,
    TrackingRequestError,
)

PASSWORD = "secret-of-tracking"
BIG = b"0123456789" * 100_000


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    received: list[tuple[str, str, bytes]]

    def _reply(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        self.received.append((self.command, self.path, body))
        if b64decode(self.headers["Authorization"].removeprefix("Basic ")) != b"admin:secret-of-tracking":
            self._reply(401, b"who are you")
        elif url.path.endswith("/runs/get"):
            self._reply(403, b'{"message": "needs Microsoft.MachineLearningServices/workspaces/runs/read"}')
        elif url.path.endswith("/experiments/get"):
            self._reply(404, b'{"message": "No experiment"}')
        elif url.path.endswith("/search"):
            self._reply(200, self._page(json.loads(body)))
        elif url.path.endswith("/experiments/delete"):
            self._reply(400, b'{"message": "bad\\nfilter"}')
        elif url.path.endswith("/broken"):
            self._reply(200, b"half", length=8)
            self.close_connection = True
        elif url.path.endswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._reply(200, BIG if self.command == "GET" else b"{}")

    def _page(self, body: dict[str, object]) -> bytes:
        start = int(str(body.get("page_token") or 0))
        end = start + min(int(str(body["max_results"])), 2)
        token = {"next_page_token": str(end)} if end < 5 else {}
        return json.dumps({"runs": [{"n": n} for n in range(start, end)], **token}).encode()

    do_GET = do_POST = do_PUT = _handle

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    _Handler.received = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def client(endpoint: str, password: str = PASSWORD) -> TrackingClient:
    return TrackingClient(ServiceConnection(endpoint=endpoint, credentials={"username": "admin", "password": password}))


def test_a_search_reads_pages_until_it_has_enough(endpoint: str) -> None:
    found = client(endpoint)

    assert [one["n"] for one in found.search("runs/search", "searching", "runs", {}, limit=3)] == [0, 1, 2]
    assert len(found.search("runs/search", "searching", "runs", {}, limit=100)) == 6


@pytest.mark.parametrize(
    ("password", "path", "error", "message"),
    [
        ("wrong", "runs/get", TrackingAccessError, "HTTP 401: Unauthorized. The login is not accepted."),
        (
            "secret-of-tracking",
            "runs/get",
            TrackingAccessError,
            "HTTP 403: needs Microsoft.MachineLearningServices/wor",
        ),
        (PASSWORD, "experiments/get", TrackingNotFoundError, "HTTP 404: No experiment"),
        (PASSWORD, "moved", ServiceError, "HTTP 302: Found."),
    ],
)
def test_an_error_of_the_server_is_one_message(
    password: str, path: str, error: type[ServiceError], message: str, endpoint: str
) -> None:
    with pytest.raises(error, match=f"reading in MLflow at {endpoint}: {message}") as raised:
        client(endpoint, password).get(path, "reading")

    assert "secret-of" not in str(raised.value)


def test_a_wrong_request_is_one_line(endpoint: str) -> None:
    with pytest.raises(TrackingRequestError, match=r"HTTP 400: bad filter\.$"):
        client(endpoint).send("experiments/delete", "deleting", {})


def test_a_server_that_does_not_run_is_one_message() -> None:
    with pytest.raises(ServiceUnreachableError, match="using the tracking server"):
        client("http://127.0.0.1:1").get("runs/get", "reading")


def test_an_artifact_is_written_complete(endpoint: str, tmp_path: Path) -> None:
    wanted = [Artifact(path="a b/ü#?.bin")]

    artifacts.download(client(endpoint), "1/run/artifacts", wanted, tmp_path / "out", overwrites=False)

    assert (tmp_path / "out" / "a b" / "ü#?.bin").read_bytes() == BIG
    path = urlsplit(_Handler.received[-1][1]).path
    assert unquote(path) == "/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/a b/ü#?.bin"


def test_a_download_that_breaks_off_leaves_no_file(endpoint: str, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="broken"):
        artifacts.download(client(endpoint), "1", [Artifact(path="broken")], tmp_path / "out", overwrites=False)

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"weights"], ids=["empty", "some bytes"])
def test_a_file_is_uploaded_with_its_length(content: bytes, endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(content)

    client(endpoint).upload("1/m/w.bin", tmp_path / "w.bin", "uploading")

    assert _Handler.received[-1] == ("PUT", "/api/2.0/mlflow-artifacts/artifacts/1/m/w.bin", content)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("accuracy:desc", "metrics.`accuracy` DESC"),
        ("val/loss", "metrics.`val/loss` ASC"),
        ("a:b", "metrics.`a:b` ASC"),
        ("params.depth:ASC", "params.`depth` ASC"),
        ("start_time", "attributes.`start_time` ASC"),
        ("metrics.start_time", "metrics.`start_time` ASC"),
        ("attributes.status:desc", "attributes.`status` DESC"),
    ],
)
def test_orders_are_translated(text: str, expected: str) -> None:
    assert tracked_runs.order(text) == expected


@pytest.mark.parametrize("text", ["", ":desc", "tags.", "a`b"])
def test_an_order_that_makes_no_sense_is_rejected(text: str) -> None:
    with pytest.raises(TrackingRequestError, match="not an order"):
        tracked_runs.order(text)
