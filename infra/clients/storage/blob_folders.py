"""A container as people see it: folders of files that are looked at, written, renamed and deleted one by one.

Folders are beginnings of names. An empty one is a blob whose name ends with a slash, as JupyterLab and S3 browsers make
it. A write never replaces a blob that it does not name by its revision.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.blob_data import BlobData, BlobEntry
from infra.clients.storage.blob_listing import Blob, BlobListing, Content
from infra.clients.storage.conditional_documents import ConditionalDocuments


class BlobFolders:
    """One container of a storage account, used with the given keys.

    Args:
        connection: Connection with the keys of the stack or of a principal.
        container: The container.
    """

    def __init__(self, connection: ServiceConnection, container: str) -> None:
        self._container = container
        self._listing, self._data = BlobListing(connection), BlobData(connection)
        self._documents = ConditionalDocuments(connection)

    def entries(self, folder: str, *, after: str = "", limit: int) -> list[Blob]:
        """Files and folders directly in a folder, sorted by name, without the blob that stands for the folder."""
        found: list[Blob] = []
        while len(found) < limit:
            page = self._listing.blobs(self._container, folder=folder, after=after, limit=limit + 1)
            found += [one for one in page if one.name != folder and self._is_there(one)]
            if len(page) <= limit:
                break
            after = page[-1].end
        return found[:limit]

    def find(self, name: str) -> BlobEntry | None:
        """Look for a file."""
        return self._data.find(self._container, name)

    def names_below(self, folder: str) -> Iterator[str]:
        """Names of all blobs in a folder and below, with those that stand for folders."""
        return self._documents.names(self._container, folder)

    def reading(self, name: str) -> AbstractContextManager[Content]:
        """Open the content of a file."""
        return self._listing.reading(self._container, name)

    def create(self, name: str, content: bytes, *, content_type: str) -> bool:
        """Write a file unless there is one; returns whether it was written."""
        return self._documents.create(self._container, name, content, content_type=content_type)

    def replace(self, name: str, content: bytes, *, revision: str, content_type: str) -> bool:
        """Replace a file unless it has changed or is gone; returns whether it was written."""
        return self._documents.replace(self._container, name, content, revision=revision, content_type=content_type)

    def copy(self, name: str, to: str) -> None:
        """Copy a file in the storage account."""
        self._data.copy(self._container, name, to)

    def delete(self, name: str) -> None:
        """Delete a file; a versioned container keeps it as a version."""
        self._documents.delete(self._container, name)

    def _is_there(self, found: Blob) -> bool:
        """Whether a listed folder has anything: MinIO lists one of which only deleted versions are left."""
        return not found.is_folder or next(iter(self.names_below(found.name)), None) is not None
