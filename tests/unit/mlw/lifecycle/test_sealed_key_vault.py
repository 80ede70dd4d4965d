"""A key vault that is closed is found by asking it, and only the stack's own is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mlw.lifecycle import checkpoints, sealed_key_vault
from tests.unit.states import a_resource, a_state

OPENING = a_resource("kv-opening", pulumi_type="ml-workspace:index:VaultInitialization")


@contextmanager
def a_vault(status: int) -> Iterator[str]:
    """Answers every request with one status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def found(address: str, *resources: dict[str, object]) -> list[str]:
    checkpoint = checkpoints.parse(a_state(*resources, outputs={"endpoints": {"keyVault": address}}))
    return [item.urn for item in sealed_key_vault.closed_key_vault(checkpoint)]


@pytest.mark.parametrize(
    ("status", "closed"),
    [(200, False), (503, True), (501, True), (429, False)],
    ids=["open", "sealed", "not initialised", "standby"],
)
def test_a_closed_vault_is_told_by_its_answer(status: int, *, closed: bool) -> None:
    with a_vault(status) as address:
        assert found(address, OPENING) == ([OPENING["urn"]] if closed else [])


def test_a_vault_of_another_stack_is_not_this_ones_to_open() -> None:
    with a_vault(503) as address:
        assert found(address) == []


def test_a_vault_that_does_not_answer_is_the_programs_to_wait_for() -> None:
    with a_vault(503) as address:
        pass
    assert found(address, OPENING) == []


def test_a_stack_that_never_came_up_has_no_vault_to_ask() -> None:
    assert sealed_key_vault.closed_key_vault(checkpoints.parse(a_state(OPENING))) == []
