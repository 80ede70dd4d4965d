"""Readiness gates with real sockets; only the container's state is fake."""

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from infra.clients import readiness_probes
from infra.clients.engine import docker_engine
from infra.clients.engine.docker_engine import ContainerState
from infra.errors import NotReadyError


class _Answering(http.server.BaseHTTPRequestHandler):
    statuses: list[int]

    def do_GET(self) -> None:
        statuses = type(self).statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_engine, "start_if_stopped", lambda _: None)
    monkeypatch.setattr(docker_engine, "container_state", lambda *_, **__: _state("running"))


@pytest.fixture
def service() -> Iterator[tuple[str, type[_Answering]]]:
    handler = type("Handler", (_Answering,), {"statuses": [200]})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    thread.join()
    server.server_close()


def _state(status: str, logs: str = "boom", *, restarts: int = 0) -> ContainerState:
    return ContainerState(status=status, exit_code=3, restarts=restarts, last_log_lines=logs)


def _closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_gate_opens_with_the_expected_status(service: tuple[str, type[_Answering]]) -> None:
    url, handler = service
    handler.statuses = [503, 503, 401]
    probe = readiness_probes.http_probe(f"{url}/v2/", expected=frozenset({401}))

    readiness_probes.wait_until_ready("registry 'r'", [probe], container="r", deadline_seconds=10)

    assert handler.statuses == [401]


def test_deadline_names_the_resource_the_answer_and_the_last_log_lines(
    service: tuple[str, type[_Answering]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, handler = service
    handler.statuses = [503]
    monkeypatch.setattr(docker_engine, "container_state", lambda *_, **__: _state("running", "no quorum"))
    probe = readiness_probes.http_probe(f"{url}/ready", expected=frozenset({200}))

    with pytest.raises(NotReadyError, match=r"storage account 'st' did not become ready in 0 s") as caught:
        readiness_probes.wait_until_ready("storage account 'st'", [probe], container="st", deadline_seconds=0.1)

    assert "-> 503" in str(caught.value)
    assert "no quorum" in str(caught.value)


@pytest.mark.parametrize(
    "found",
    [_state("exited"), _state("restarting", restarts=3), None],
    ids=["container exited", "container ends at every start", "container is gone"],
)
def test_gate_fails_early_if_waiting_is_useless(found: ContainerState | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness_probes, "CONTAINER_CHECK_SECONDS", 0.0)
    monkeypatch.setattr(docker_engine, "container_state", lambda *_, **__: found)
    probe = readiness_probes.tcp_probe("127.0.0.1", _closed_port())

    with pytest.raises(NotReadyError, match="stopped before it was ready"):
        readiness_probes.wait_until_ready("key vault 'kv'", [probe], container="kv", deadline_seconds=600)


def test_a_container_that_is_being_restarted_is_waited_for(
    service: tuple[str, type[_Answering]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, handler = service
    handler.statuses = [503, 503, 503, 200]
    states = [_state("exited"), _state("running"), _state("exited"), _state("running")]
    monkeypatch.setattr(readiness_probes, "CONTAINER_CHECK_SECONDS", 0.0)
    monkeypatch.setattr(docker_engine, "container_state", lambda *_, **__: states.pop(0))
    probe = readiness_probes.http_probe(url, expected=frozenset({200}))

    readiness_probes.wait_until_ready("key vault 'kv'", [probe], container="kv", deadline_seconds=10)

    assert len(states) == 1


def test_tcp_probe_passes_on_a_listening_port(service: tuple[str, type[_Answering]]) -> None:
    port = int(service[0].rsplit(":", 1)[1])

    assert readiness_probes.tcp_probe("127.0.0.1", port)().passed
