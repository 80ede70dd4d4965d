"""Clients of services that do not answer, over real closed ports."""

import socket
import threading
from collections.abc import Iterator

import pytest

from infra.clients.connection_errors import reporting_unreachable
from infra.clients.key_vault.vault import Vault
from infra.clients.storage.object_store import ObjectStore
from infra.errors import ServiceUnreachableError
from tests.support.connections import to_storage, to_vault


@pytest.fixture
def closed() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def breaking_off() -> Iterator[str]:
    """A service that is killed while it sends a response."""
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_a_key_vault_that_breaks_off_is_one_clear_error(breaking_off: str) -> None:
    with (
        pytest.raises(ServiceUnreachableError, match="ChunkedEncodingError"),
        reporting_unreachable("key vault", breaking_off),
    ):
        Vault(to_vault(breaking_off)).is_initialised()


def test_a_key_vault_that_does_not_answer_is_one_clear_error(closed: str) -> None:
    message = r"key vault at http://127.* does not answer .*make up"

    with pytest.raises(ServiceUnreachableError, match=message), reporting_unreachable("key vault", closed):
        Vault(to_vault(closed)).is_initialised()


def test_a_storage_account_that_does_not_answer_is_one_clear_error(closed: str) -> None:
    with (
        pytest.raises(ServiceUnreachableError, match="storage account at"),
        reporting_unreachable("storage account", closed),
    ):
        ObjectStore(to_storage(closed, "access", "secret-key")).get_document("bucket", "key")


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(KeyError, match="defect"), reporting_unreachable("key vault", "http://127.0.0.1:1"):
        raise KeyError("defect")
