"""Queries of the engine: the same results as through Docker's SDK, errors as messages."""

import json
import socket
import socketserver
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread

import pytest

from infra.clients.engine import docker_engine, engine_queries
from infra.errors import EngineError, EngineUnreachableError

CONTENT = {
    "/version": {"ApiVersion": "1.99"},
    "/v1.99/networks": [{"Name": "bridge"}],
}


class _Engine(BaseHTTPRequestHandler):
    """Serves a few paths; `/v1.99/broken` is an error of the engine."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Serve one path."""
        status = 500 if self.path == "/v1.99/broken" else 200 if self.path in CONTENT else 404
        body = json.dumps(CONTENT.get(self.path, {"message": "no such thing"})).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def address_string(self) -> str:
        """A client of a local socket has no address."""
        return ""


class _OnSocket(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@pytest.fixture
def fake_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of an engine on a local socket."""
    path = str(tmp_path / "engine.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
    with _OnSocket(path, _Engine) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield path
        server.shutdown()


@pytest.mark.usefixtures("fake_engine")
def test_a_query_returns_the_content_of_the_engines_api_version() -> None:
    with engine_queries.connect() as query:
        assert query("/networks") == [{"Name": "bridge"}]
        assert query("/containers/gone/json") is None


@pytest.mark.usefixtures("fake_engine")
def test_an_error_of_the_engine_is_quoted() -> None:
    with (
        pytest.raises(EngineError, match=r"GET /broken returned 500 \(.*no such thing.*\)\. Run the command again"),
        engine_queries.connect() as query,
    ):
        query("/broken")


def test_an_engine_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with (
        pytest.raises(EngineUnreachableError, match=r"none\.sock': it does not answer"),
        engine_queries.connect(),
    ):
        pytest.fail("there is an engine")


@pytest.mark.parametrize("connect", [engine_queries.connect, docker_engine.connect])
def test_a_busy_engine_is_not_taken_for_one_that_has_to_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connect: Callable[[], AbstractContextManager[object]]
) -> None:
    """It accepts connections and does not respond in time."""
    path = str(tmp_path / "busy.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    monkeypatch.setattr(docker_engine, "LOCAL_TIMEOUT_SECONDS", 0.05)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        with pytest.raises(EngineUnreachableError, match=r"does not answer in time.*Run the command again"), connect():
            pytest.fail("it answered")


def test_certificates_that_are_missing_are_named(fake_engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    with pytest.raises(EngineUnreachableError, match="unset DOCKER_TLS_VERIFY"), engine_queries.connect():
        pytest.fail(f"{fake_engine} is used without certificates")


def test_another_address_is_queried_through_the_sdk(fake_engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Engine) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
        Path(fake_engine).unlink()
        with engine_queries.connect() as query:
            assert query("/networks") == [{"Name": "bridge"}]
            assert query("/containers/gone/json") is None
        server.shutdown()
