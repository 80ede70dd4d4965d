"""The engine may send the header of a response and no body, e.g. when a container ends while it is measured."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.clients.engine import container_usage, docker_engine
from infra.errors import EngineUnreachableError


class EngineWithoutBodies(BaseHTTPRequestHandler):
    """Knows its version; the body of every other response is empty."""

    def do_GET(self) -> None:
        body = json.dumps({"ApiVersion": "1.44"}).encode() if self.path.endswith("/version") else b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), EngineWithoutBodies) as server:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def test_a_container_without_measurements_is_left_out() -> None:
    """`mlw cost show` ended with an error that did not name the engine."""
    assert container_usage.usage_of(["ends-meanwhile"]) == {}
    with docker_engine.connect() as client:
        assert container_usage.measured(client, "ends-meanwhile") == {}


def test_any_other_empty_response_names_the_engine() -> None:
    with pytest.raises(EngineUnreachableError, match="its response is incomplete"), docker_engine.connect() as client:
        client.api.df()
