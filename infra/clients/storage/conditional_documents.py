"""Documents that several writers share: one is created or replaced only if nobody else did so in between.

The storage account decides (`If-None-Match`, `If-Match`), so that two writers never overwrite each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.blob_files import explained, is_missing
from infra.clients.storage.object_store import open_client

_REJECTED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Document:
    """Content and revision of a document.

    Attributes:
        content: The bytes.
        revision: Identifies this content; :meth:`ConditionalDocuments.replace` needs it.
    """

    content: bytes
    revision: str


class ConditionalDocuments:
    """Documents in one storage account, used with the given keys.

    Every method raises :class:`BlobForbiddenError` if the keys do not allow it.

    Args:
        connection: Connection with the keys of the stack or of a principal.
    """

    def __init__(self, connection: ServiceConnection) -> None:
        self._client = open_client(connection)

    def read(self, container: str, name: str) -> Document | None:
        """Read a document; None if there is none."""
        from minio.error import S3Error

        try:
            response = self._client.get_object(container, name)
        except S3Error as exc:
            if is_missing(exc):
                return None
            raise explained(exc) from exc
        try:
            return Document(response.data, response.headers["ETag"].strip('"'))
        finally:
            response.close()
            response.release_conn()

    def create(self, container: str, name: str, content: bytes, *, content_type: str = _JSON) -> bool:
        """Write a document unless there is one; returns whether it was written."""
        return self._put(container, name, content, {"If-None-Match": "*", "Content-Type": content_type})

    def replace(self, container: str, name: str, content: bytes, *, revision: str, content_type: str = _JSON) -> bool:
        """Replace a document unless it has changed or is gone; returns whether it was written."""
        return self._put(container, name, content, {"If-Match": f'"{revision}"', "Content-Type": content_type})

    def delete(self, container: str, name: str) -> None:
        """Delete a document; a versioned container keeps it as a version. A missing one is ignored."""
        from minio.error import S3Error

        try:
            self._client.remove_object(container, name)
        except S3Error as exc:
            if not is_missing(exc):
                raise explained(exc) from exc

    def names(self, container: str, prefix: str, *, after: str = "") -> Iterator[str]:
        """Names of the documents that begin with a prefix and follow a name, in their order."""
        from minio.error import S3Error

        try:
            for item in self._client.list_objects(container, prefix=prefix, recursive=True, start_after=after or None):
                yield str(item.object_name)
        except S3Error as exc:
            if not is_missing(exc):
                raise explained(exc) from exc

    def _put(self, container: str, name: str, content: bytes, headers: Mapping[str, str]) -> bool:
        from minio.error import S3Error

        try:
            # The library's public method turns every unknown header into metadata of the object.
            self._client._execute("PUT", container, name, body=content, headers=dict(headers), no_body_trace=True)
        except S3Error as exc:
            if exc.code in _REJECTED or (is_missing(exc) and "If-Match" in headers):
                return False
            raise explained(exc) from exc
        return True
