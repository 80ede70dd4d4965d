"""Clients of services that do not answer, over real closed ports."""

import socket

import pytest

from infra.clients.object_store import ObjectStore
from infra.clients.reaching import reaching
from infra.clients.vault import Vault
from infra.errors import ServiceUnreachableError


@pytest.fixture
def closed() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_key_vault_that_does_not_answer_is_one_clear_error(closed: str) -> None:
    message = r"key vault at http://127.* does not answer .*make up"

    with pytest.raises(ServiceUnreachableError, match=message), reaching("key vault", closed):
        Vault(closed).is_initialised()


def test_a_storage_account_that_does_not_answer_is_one_clear_error(closed: str) -> None:
    with pytest.raises(ServiceUnreachableError, match="storage account at"), reaching("storage account", closed):
        ObjectStore(closed, "access", "secret-key").get_document("bucket", "key")


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(KeyError, match="defect"), reaching("key vault", "http://127.0.0.1:1"):
        raise KeyError("defect")
