"""The storage account's data plane: documents in its containers, and the creation of clients."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infra.clients.service_connection import ServiceConnection
from infra.clients.tls import tls_sessions
from infra.errors import ServiceError

if TYPE_CHECKING:
    import urllib3
    from minio import Minio

REGION = "us-east-1"
"""MinIO's default region; setting it saves clients a request for a bucket's location."""

_TIMEOUT_SECONDS = 30.0
_RETRIED = (500, 502, 503, 504)


def verifying_pool(ca_certificate: str) -> urllib3.PoolManager:
    """A connection pool for MinIO's library; its default waits five minutes for a response and retries five times.

    Args:
        ca_certificate: CA certificate (PEM) to verify the account with; empty for plain HTTP.
    """
    import urllib3

    return urllib3.PoolManager(
        ssl_context=tls_sessions.context(ca_certificate),
        timeout=_TIMEOUT_SECONDS,
        maxsize=10,
        retries=urllib3.Retry(total=5, backoff_factor=0.2, status_forcelist=_RETRIED),
    )


def open_client(connection: ServiceConnection) -> Minio:
    """Create a client of MinIO's library; it can be shared by threads."""
    from minio import Minio

    url = urlsplit(connection.endpoint)
    return Minio(
        url.netloc,
        access_key=connection.credentials["accessKey"],
        secret_key=connection.credentials["secretKey"],
        secure=url.scheme == "https",
        region=REGION,
        http_client=verifying_pool(connection.ca_certificate),
    )


@contextmanager
def explaining(what: str) -> Iterator[None]:
    """Convert an error of the account inside the block to one clear error.

    Args:
        what: What is being done, e.g. ``creating containers in the storage account at http://127.0.0.1:20001``.

    Raises:
        ServiceError: The account returned an error.
    """
    from minio.error import MinioAdminException, MinioException, S3Error

    try:
        yield
    except (MinioException, MinioAdminException) as exc:
        said = f"{exc.code} ({exc.message})" if isinstance(exc, S3Error) else str(exc)
        raise ServiceError(
            f"{what}: it returned {said}. If it rejects the keys, they were rotated after this stack's last update: "
            "run `make up`, which reads the new ones, and then run this again."
        ) from exc


class ObjectStore:
    """One storage account, accessed through its S3 endpoint.

    Args:
        connection: Connection with the root keys, or those of a service account.
    """

    def __init__(self, connection: ServiceConnection) -> None:
        self._client = open_client(connection)

    def put_document(self, bucket: str, key: str, content: bytes, *, content_type: str) -> None:
        """Write one document; a versioned bucket keeps the previous one as a version."""
        self._client.put_object(bucket, key, io.BytesIO(content), len(content), content_type=content_type)

    def get_document(self, bucket: str, key: str) -> bytes | None:
        """Read one document; None if the document or its bucket does not exist."""
        from minio.error import S3Error

        try:
            response = self._client.get_object(bucket, key)
        except S3Error as exc:
            if exc.code in {"NoSuchKey", "NoSuchBucket"}:
                return None
            raise
        try:
            return response.data
        finally:
            response.close()
            response.release_conn()

    def delete_document(self, bucket: str, key: str) -> None:
        """Delete one document with all its versions; a missing one is ignored."""
        from minio.error import S3Error

        try:
            versions = self._client.list_objects(bucket, prefix=key, include_version=True)
            for version in [found for found in versions if found.object_name == key]:
                self._client.remove_object(bucket, key, version_id=version.version_id)
        except S3Error as exc:
            if exc.code not in {"NoSuchKey", "NoSuchBucket"}:
                raise
