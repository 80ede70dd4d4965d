"""Paths that a URL would interpret differently reach the key vault unchanged."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import unquote

import pytest

from infra.clients.key_vault.vault import Vault
from tests.support.connections import to_vault


class _Listening(HTTPServer):
    asked: list[str]
    upgrading: int
    """So many requests are refused, as by a KV mount that was just created."""


class _Answering(BaseHTTPRequestHandler):
    server: _Listening

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(self.path)
        refused = self.server.upgrading > 0
        self.server.upgrading -= 1
        body = (
            b'{"errors": ["Upgrading from non-versioned to versioned data."]}' if refused else b'{"data": {"keys": []}}'
        )
        self.send_response(400 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_LIST = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *_args: object) -> None:
        """Keep the requests out of the test's output."""


@pytest.fixture
def server() -> Iterator[_Listening]:
    with _Listening(("127.0.0.1", 0), _Answering) as listening:
        listening.asked, listening.upgrading = [], 0
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["a?b", "a#b", "a b", "a%41", "grün", "plain/in-a.folder"])
@pytest.mark.parametrize("ask", [Vault.read, Vault.list, Vault.write, Vault.delete], ids=lambda ask: ask.__name__)
def test_every_request_is_about_the_very_name(
    server: _Listening, ask: Callable[[Vault, str], object], name: str
) -> None:
    ask(Vault(to_vault(f"http://127.0.0.1:{server.server_port}", "token")), f"secret/data/{name}")

    (path,) = server.asked
    assert unquote(path.partition("?")[0]) == f"/v1/secret/data/{name}"


@pytest.mark.parametrize("ask", [Vault.read, Vault.list, Vault.write], ids=lambda ask: ask.__name__)
def test_a_mount_that_was_just_created_is_waited_for(server: _Listening, ask: Callable[[Vault, str], object]) -> None:
    server.upgrading = 2

    ask(Vault(to_vault(f"http://127.0.0.1:{server.server_port}", "token")), "secret/config")

    assert len(server.asked) == 3
