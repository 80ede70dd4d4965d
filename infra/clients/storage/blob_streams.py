"""Blobs of one container, read and written in pieces; every failure is one clear error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_storage_account
from infra.clients.storage.blob_files import is_missing
from infra.clients.storage.object_store import ObjectStore, open_client

_PIECE_BYTES = 1 << 20


class BlobStreams:
    """Blobs of one container.

    Args:
        connection: Connection with the keys to use.
        container: The container.
    """

    def __init__(self, connection: ServiceConnection, container: str) -> None:
        self._connection, self._container = connection, container
        self._client = open_client(connection)

    def put(self, name: str, content: BinaryIO, size: int) -> None:
        """Write a blob."""
        with self._doing(f"storing '{name}'"):
            self._client.put_object(self._container, name, content, size)

    def read(self, name: str, offset: int = 0) -> bytes | None:
        """Read a blob from an offset; None if there is none, empty if it is not longer."""
        return None if (pieces := self.pieces(name, offset)) is None else b"".join(pieces)

    def pieces(self, name: str, offset: int = 0) -> Iterator[bytes] | None:
        """Read a blob in pieces; None if there is none."""
        from minio.error import S3Error

        with self._doing(f"reading '{name}'"):
            try:
                response = self._client.get_object(self._container, name, offset=offset)
            except S3Error as exc:
                if is_missing(exc):
                    return None
                if exc.code == "InvalidRange":
                    return iter(())
                raise
        return self._streamed(response, name)

    def names(self, prefix: str) -> list[str]:
        """Names that begin with a prefix, in order."""
        return [name for name, _ in self.sizes(prefix)]

    def sizes(self, prefix: str) -> list[tuple[str, int]]:
        """Names that begin with a prefix, in order, and their sizes."""
        with self._doing(f"listing '{prefix}'"):
            found = self._client.list_objects(self._container, prefix=prefix, recursive=True)
            return [(str(one.object_name), int(one.size or 0)) for one in found if not one.is_dir]

    def size(self, name: str) -> int | None:
        """Size of a blob; None if there is none."""
        from minio.error import S3Error

        with self._doing(f"reading '{name}'"):
            try:
                return int(self._client.stat_object(self._container, name).size or 0)
            except S3Error as exc:
                if is_missing(exc):
                    return None
                raise

    def purge(self, name: str) -> None:
        """Delete a blob with all its versions."""
        with self._doing(f"deleting '{name}'"):
            ObjectStore(self._connection).delete_document(self._container, name)

    def _streamed(self, response: object, name: str) -> Iterator[bytes]:
        with self._doing(f"reading '{name}'"):
            try:
                yield from response.stream(_PIECE_BYTES)  # type: ignore[attr-defined]  # urllib3's, untyped in minio
            finally:
                response.close()  # type: ignore[attr-defined]
                response.release_conn()  # type: ignore[attr-defined]

    def _doing(self, what: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
        return at_storage_account(self._connection.endpoint, f"{what} in container '{self._container}'")
