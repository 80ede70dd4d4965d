"""Removing a volume takes as long as deleting its files: longer than any other call to the engine may."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra import labels
from infra.clients.engine import docker_engine
from infra.errors import EngineUnreachableError
from mlw.lifecycle import engine_objects
from mlw.lifecycle.object_comparison import EngineObject

PATIENCE_SECONDS, REMOVAL_SECONDS = 0.5, 1.5
STACK_ID = "0a1b"


class SlowEngine(BaseHTTPRequestHandler):
    """Responds immediately, and removes slowly."""

    removed: list[str]

    def do_GET(self) -> None:
        volume = {"Name": "v", "Labels": {labels.ID: STACK_ID, labels.STACK: "dev"}}
        self._answer(200, {"ApiVersion": "1.44"} if self.path.endswith("/version") else volume)

    def do_DELETE(self) -> None:
        time.sleep(REMOVAL_SECONDS)
        self.removed.append(self.path.partition("?")[0].rpartition("/")[2])
        self._answer(200, {})

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # the client has given up
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The objects that the engine removed; other calls have a shorter timeout than a removal takes."""
    found: list[str] = []
    handler = type("Handler", (SlowEngine,), {"removed": found})
    open_client = docker_engine.connect.__wrapped__  # type: ignore[attr-defined]
    defaults = {**open_client.__kwdefaults__, "timeout_seconds": PATIENCE_SECONDS}
    monkeypatch.setattr(open_client, "__kwdefaults__", defaults)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "remove",
    [
        lambda: docker_engine.remove_volumes(["v"], STACK_ID),
        lambda: engine_objects.remove([EngineObject("volume", "v", "v")]),
    ],
    ids=["guard of the volumes", "sweep"],
)
def test_a_removal_may_take_long(removed: list[str], remove: Callable[[], None]) -> None:
    remove()
    assert removed == ["v"]


def test_any_other_call_may_not(removed: list[str]) -> None:
    with pytest.raises(EngineUnreachableError, match="does not answer"), docker_engine.connect() as client:
        client.api.remove_volume("v")
