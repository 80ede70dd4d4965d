"""Data of any size in a storage account: listed, read and written in pieces, never held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.blob_files import explained, is_missing
from infra.clients.storage.object_store import open_client

_PIECE_BYTES = 1 << 20
_PART_BYTES = 16 << 20
_TYPE = "application/octet-stream"


@dataclass(frozen=True, kw_only=True, slots=True)
class BlobEntry:
    """A blob as a listing has it.

    Attributes:
        name: Its full name.
        size: Bytes.
        etag: Changes with the content.
    """

    name: str
    size: int
    etag: str


class BlobData:
    """One storage account, used with the given keys.

    Every method raises :class:`BlobForbiddenError` if the keys do not allow it.

    Args:
        connection: Connection with the keys of the stack, of a principal, or of a datastore.
    """

    def __init__(self, connection: ServiceConnection) -> None:
        self._client = open_client(connection)

    def find(self, container: str, name: str) -> BlobEntry | None:
        """Look for a blob."""
        from minio.error import S3Error

        try:
            found = self._client.stat_object(container, name)
        except S3Error as exc:
            if is_missing(exc):
                return None
            raise explained(exc) from exc
        return BlobEntry(name=name, size=int(found.size or 0), etag=str(found.etag or ""))

    def below(self, container: str, prefix: str) -> Iterator[BlobEntry]:
        """All blobs whose names begin with a prefix, in the order of their names; markers of folders are omitted."""
        from minio.error import S3Error

        try:
            for item in self._client.list_objects(container, prefix=prefix, recursive=True):
                name = str(item.object_name)
                if not name.endswith("/"):
                    yield BlobEntry(name=name, size=int(item.size or 0), etag=str(item.etag or "").strip('"'))
        except S3Error as exc:
            if not is_missing(exc):
                raise explained(exc) from exc

    @contextmanager
    def reading(self, container: str, name: str) -> Iterator[Iterator[bytes]]:
        """Open a blob; yields its content in pieces."""
        from minio.error import S3Error

        try:
            response = self._client.get_object(container, name)
        except S3Error as exc:
            raise explained(exc) from exc
        try:
            yield response.stream(_PIECE_BYTES)
        finally:
            response.close()
            response.release_conn()

    def write(self, container: str, name: str, content: BinaryIO, *, size: int | None = None) -> BlobEntry:
        """Write a blob from a stream; without a size until the stream ends. A stream that raises writes nothing."""
        from minio.error import S3Error

        length, part = (size, 0) if size is not None else (-1, _PART_BYTES)
        try:
            made = self._client.put_object(container, name, content, length, content_type=_TYPE, part_size=part)
        except S3Error as exc:
            raise explained(exc) from exc
        if size is not None:
            return BlobEntry(name=name, size=size, etag=made.etag or "")
        found = self.find(container, name)
        return found or BlobEntry(name=name, size=0, etag="")

    def write_file(self, container: str, name: str, file: Path) -> None:
        """Write a blob from a file."""
        from minio.error import S3Error

        try:
            self._client.fput_object(container, name, str(file), content_type=_TYPE)
        except S3Error as exc:
            raise explained(exc) from exc

    def copy(self, container: str, name: str, to: str) -> None:
        """Copy a blob, without sending its content."""
        from minio.commonconfig import CopySource
        from minio.error import S3Error

        try:
            self._client.copy_object(container, to, CopySource(container, name))
        except S3Error as exc:
            raise explained(exc) from exc
