"""Context managers for requests to services: every failure inside the block becomes one clear error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra.clients.connection_errors import reporting_unreachable
from infra.clients.key_vault import vault
from infra.clients.storage import object_store


@contextmanager
def at_storage_account(endpoint: str, doing: str) -> Iterator[None]:
    """Report failed requests to a storage account.

    Args:
        endpoint: Base URL.
        doing: What is being done, e.g. ``creating containers``.

    Raises:
        ServiceError: It does not respond, or returns an error.
    """
    what = f"{doing} in the storage account at {endpoint}"
    with object_store.explaining(what), reporting_unreachable("storage account", endpoint):
        yield


@contextmanager
def at_key_vault(endpoint: str, doing: str) -> Iterator[None]:
    """Report failed requests to a key vault; see :func:`at_storage_account`."""
    with vault.explaining(f"{doing} in the key vault at {endpoint}"), reporting_unreachable("key vault", endpoint):
        yield
