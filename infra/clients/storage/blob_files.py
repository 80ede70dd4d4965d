"""Blobs that are files on this machine: looked for, uploaded, downloaded; never held in memory."""

from __future__ import annotations

from pathlib import Path

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.object_store import open_client

_FORBIDDEN = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchObject"})


class BlobForbiddenError(Exception):
    """The keys do not allow it."""


class BlobFiles:
    """One storage account, used with the given keys.

    Args:
        connection: Connection with the keys of the stack or of a principal.
    """

    def __init__(self, connection: ServiceConnection) -> None:
        self._client = open_client(connection)

    def exists(self, container: str, name: str) -> bool:
        """Whether there is a blob.

        Raises:
            BlobForbiddenError: The keys may not read it.
        """
        from minio.error import S3Error

        try:
            self._client.stat_object(container, name)
        except S3Error as exc:
            if is_missing(exc):
                return False
            raise explained(exc) from exc
        return True

    def upload(self, container: str, name: str, file: Path, *, content_type: str) -> None:
        """Write a blob from a file.

        Raises:
            BlobForbiddenError: The keys may not write it.
        """
        from minio.error import S3Error

        try:
            self._client.fput_object(container, name, str(file), content_type=content_type)
        except S3Error as exc:
            raise explained(exc) from exc

    def download(self, container: str, name: str, file: Path) -> bool:
        """Write a blob to a file; False if there is no such blob.

        Raises:
            BlobForbiddenError: The keys may not read it.
        """
        from minio.error import S3Error

        try:
            self._client.fget_object(container, name, str(file))
        except S3Error as exc:
            if is_missing(exc):
                return False
            raise explained(exc) from exc
        return True


def is_missing(error: Exception) -> bool:
    """Whether an error of the storage account says that there is no such blob."""
    return str(getattr(error, "code", "")) in _MISSING


def is_forbidden(error: BaseException | None) -> bool:
    """Whether an error of the storage account says that the keys do not allow it."""
    return str(getattr(error, "code", "")) in _FORBIDDEN


def explained(error: Exception) -> Exception:
    """The error to raise for one of the storage account's library."""
    return BlobForbiddenError(str(getattr(error, "code", ""))) if is_forbidden(error) else error
