"""The storage account's data plane: containers (buckets), their versioning and tags, and the documents in them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infra.clients import tls

if TYPE_CHECKING:
    import urllib3
    from minio import Minio

REGION = "us-east-1"
"""MinIO's default; saves clients the question where a bucket is."""

_TIMEOUT_SECONDS = 30.0
_RETRIED = (500, 502, 503, 504)


def trusting_pool(authority: str) -> urllib3.PoolManager | None:
    """Connections for a client of MinIO's library; None leaves plain HTTP to the library's own defaults.

    Args:
        authority: The stack's authority (PEM), which certificates have to be of; empty for plain HTTP.
    """
    import urllib3

    if not authority:
        return None
    return urllib3.PoolManager(
        ssl_context=tls.context(authority),
        timeout=_TIMEOUT_SECONDS,
        maxsize=10,
        retries=urllib3.Retry(total=5, backoff_factor=0.2, status_forcelist=_RETRIED),
    )


class ObjectStore:
    """One storage account, reached over its S3 endpoint.

    Args:
        endpoint: Base URL, e.g. ``http://127.0.0.1:20001``.
        access_key: Root or service account's access key.
        secret_key: The secret that belongs to it.
        authority: Authority (PEM) of the account's certificate; empty for plain HTTP.
    """

    def __init__(self, endpoint: str, access_key: str, secret_key: str, authority: str = "") -> None:
        from minio import Minio

        url = urlsplit(endpoint)
        self._client: Minio = Minio(
            url.netloc,
            access_key=access_key,
            secret_key=secret_key,
            secure=url.scheme == "https",
            region=REGION,
            http_client=trusting_pool(authority),
        )

    def ensure_bucket(self, name: str, *, versioned: bool) -> bool:
        """Make the bucket if it is missing and switch its versioning on or off (off keeps the versions there are).

        Returns:
            Whether it was missing.
        """
        from minio.commonconfig import ENABLED
        from minio.error import S3Error
        from minio.versioningconfig import SUSPENDED, VersioningConfig

        made = True
        try:
            self._client.make_bucket(name)
        except S3Error as exc:
            if exc.code != "BucketAlreadyOwnedByYou":
                raise
            made = False
        current = self._client.get_bucket_versioning(name).status
        wanted = ENABLED if versioned else SUSPENDED
        if current != wanted and (versioned or current == ENABLED):
            self._client.set_bucket_versioning(name, VersioningConfig(wanted))
        return made

    def describe_bucket(self, name: str) -> tuple[bool, dict[str, str]] | None:
        """Whether the bucket is versioned and what tags it has; None when there is no such bucket."""
        from minio.commonconfig import ENABLED

        if not self._client.bucket_exists(name):
            return None
        tags = self._client.get_bucket_tags(name)
        return self._client.get_bucket_versioning(name).status == ENABLED, dict(tags or {})

    def set_bucket_tags(self, name: str, tags: Mapping[str, str]) -> None:
        """Replace all tags of the bucket."""
        from minio.commonconfig import Tags

        if not tags:
            self._client.delete_bucket_tags(name)
            return
        tag_set = Tags.new_bucket_tags()
        tag_set.update(tags)
        self._client.set_bucket_tags(name, tag_set)

    def delete_bucket_if_empty(self, name: str) -> None:
        """Delete a bucket that holds nothing, no old version either; leave one that does, and one that is gone."""
        from minio.error import S3Error

        try:
            self._client.remove_bucket(name)
        except S3Error as exc:
            if exc.code not in {"BucketNotEmpty", "NoSuchBucket"}:
                raise

    def put_document(self, bucket: str, key: str, content: bytes, *, content_type: str) -> None:
        """Write one document; the previous one stays as a version where the bucket keeps versions."""
        self._client.put_object(bucket, key, io.BytesIO(content), len(content), content_type=content_type)

    def get_document(self, bucket: str, key: str) -> bytes | None:
        """Read one document; None when the document or its bucket is gone."""
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
        """Delete one document with all its versions; one that is gone already is fine."""
        from minio.error import S3Error

        try:
            versions = self._client.list_objects(bucket, prefix=key, include_version=True)
            for version in [found for found in versions if found.object_name == key]:
                self._client.remove_object(bucket, key, version_id=version.version_id)
        except S3Error as exc:
            if exc.code not in {"NoSuchKey", "NoSuchBucket"}:
                raise
