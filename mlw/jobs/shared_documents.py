"""Records of jobs and schedules with the caller's own keys; each failure is one clear error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_storage_account
from infra.clients.storage.blob_files import BlobForbiddenError
from infra.clients.storage.conditional_documents import ConditionalDocuments, Document
from infra.clients.storage.object_store import ObjectStore
from mlw.jobs.job_errors import JobError

_WORKSPACES = "Microsoft.MachineLearningServices/workspaces"


class SharedDocuments:
    """Small blobs; see :class:`mlw.jobs.job_records.Documents`.

    Args:
        connection: The storage account with the keys to use.
        subject: What the records are of, as in the names of operations.
    """

    def __init__(self, connection: ServiceConnection, subject: str = "jobs") -> None:
        self._endpoint, self._subject = connection.endpoint, subject
        self._documents, self._store = ConditionalDocuments(connection), ObjectStore(connection)

    def read(self, container: str, name: str) -> Document | None:
        """Read one; None if there is none."""
        with self._doing("reading records", "read"):
            return self._documents.read(container, name)

    def create(self, container: str, name: str, content: bytes) -> bool:
        """Write one unless it exists."""
        with self._doing("writing records", "write"):
            return self._documents.create(container, name, content)

    def replace(self, container: str, name: str, content: bytes, *, revision: str) -> bool:
        """Replace one unless it has changed."""
        with self._doing("writing records", "write"):
            return self._documents.replace(container, name, content, revision=revision)

    def delete(self, container: str, name: str) -> None:
        """Delete one with all its versions: what is listed several times a second must stay short."""
        with self._doing("deleting records", "delete"):
            self._store.delete_document(container, name)

    def remove(self, container: str, name: str) -> None:
        """Delete one; a versioned container keeps it as a version."""
        with self._doing("deleting records", "delete"):
            self._documents.delete(container, name)

    def names(self, container: str, prefix: str) -> Iterator[str]:
        """Names that begin with a prefix, in order."""
        with self._doing("listing records", "read"):
            yield from self._documents.names(container, prefix)

    @contextmanager
    def _doing(self, verb: str, right: str) -> Iterator[None]:
        what, operation = f"{verb} of {self._subject}", f"{_WORKSPACES}/{self._subject}/{right}"
        try:
            with at_storage_account(self._endpoint, what):
                yield
        except BlobForbiddenError as exc:
            raise JobError(
                f"{what}: the storage account refused: the role does not include {operation}. `mlw roles list` shows "
                "which roles do."
            ) from exc
