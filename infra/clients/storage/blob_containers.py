"""Containers of a storage account: buckets with versioning, soft delete, encryption at rest and tags.

Soft delete is versioning with expiry: overwritten and deleted blobs are kept as versions for the retention days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.object_store import open_client

if TYPE_CHECKING:
    from minio import Minio

PARALLEL = 8
"""Containers processed in parallel; each step writes a few small files on every drive."""

_RULE = "soft-delete"
_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerSettings:
    """Settings of a container.

    Attributes:
        versioned: Whether overwritten and deleted blobs are kept as versions.
        retention_days: Days after which versions that are not the newest are removed.
        tags: Tags, encoded for the services' metadata.
        encrypted: Whether blobs are encrypted at rest by default.
    """

    versioned: bool
    retention_days: int
    tags: Mapping[str, str]
    encrypted: bool = True


class BlobContainers:
    """Containers of one storage account.

    Args:
        connection: Connection with the root keys.
    """

    def __init__(self, connection: ServiceConnection) -> None:
        self._client: Minio = open_client(connection)

    def ensure(self, names: Sequence[str], wanted: ContainerSettings) -> list[str]:
        """Create missing containers, and apply the settings to all.

        Returns:
            The names of the created containers.
        """
        made = _each(names, lambda name: self._ensure(name, wanted))
        return [name for name in names if made[name]]

    def describe(self, names: Sequence[str]) -> dict[str, ContainerSettings | None]:
        """Settings of each container; None if it does not exist."""
        return _each(names, lambda name: self._describe(name) if self._client.bucket_exists(name) else None)

    def present(self, names: Sequence[str]) -> list[str]:
        """Those of the containers that exist."""
        found = _each(names, self._client.bucket_exists)
        return [name for name in names if found[name]]

    def delete_empty(self, names: Sequence[str]) -> None:
        """Delete containers without blobs and old versions; other and missing containers are ignored."""
        _each(names, self._delete_if_empty)

    def is_encrypted(self, name: str) -> bool:
        """Whether blobs of the container are encrypted by default; false if it does not exist."""
        from minio.error import S3Error

        try:
            return self._client.get_bucket_encryption(name) is not None
        except S3Error as exc:
            if exc.code == "NoSuchBucket":
                return False
            raise

    def _ensure(self, name: str, wanted: ContainerSettings) -> bool:
        made = self._make(name)
        found = None if made else self._describe(name)
        if found is None or found.encrypted != wanted.encrypted:
            self._encrypt(name)
        if wanted.versioned or (found and found.versioned):
            self._keep_versions(name, wanted, found)
        if wanted.tags != (found.tags if found else {}):
            self._tag(name, wanted.tags)
        return made

    def _make(self, name: str) -> bool:
        from minio.error import S3Error

        try:
            self._client.make_bucket(name)
        except S3Error as exc:
            if exc.code != "BucketAlreadyOwnedByYou":
                raise
            return False
        return True

    def _describe(self, name: str) -> ContainerSettings:
        from minio.commonconfig import ENABLED

        lifecycle = self._client.get_bucket_lifecycle(name)
        rules = [rule for rule in lifecycle.rules if rule.rule_id == _RULE] if lifecycle else []
        expiring = rules[0].noncurrent_version_expiration if rules else None
        return ContainerSettings(
            versioned=self._client.get_bucket_versioning(name).status == ENABLED,
            retention_days=int(expiring.noncurrent_days or 0) if expiring else 0,
            tags=dict(self._client.get_bucket_tags(name) or {}),
            encrypted=self.is_encrypted(name),
        )

    def _encrypt(self, name: str) -> None:
        from minio.sseconfig import Rule, SSEConfig

        self._client.set_bucket_encryption(name, SSEConfig(Rule.new_sse_s3_rule()))

    def _keep_versions(self, name: str, wanted: ContainerSettings, found: ContainerSettings | None) -> None:
        from minio.commonconfig import ENABLED, Filter
        from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration, Rule
        from minio.versioningconfig import SUSPENDED, VersioningConfig

        if found is None or found.versioned != wanted.versioned:
            # Suspending keeps existing versions, which are also removed after the retention days.
            self._client.set_bucket_versioning(name, VersioningConfig(ENABLED if wanted.versioned else SUSPENDED))
        if found is None or found.retention_days != wanted.retention_days:
            rule = Rule(
                ENABLED,
                rule_filter=Filter(prefix=""),
                rule_id=_RULE,
                expiration=Expiration(expired_object_delete_marker=True),
                noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=wanted.retention_days),
            )
            self._client.set_bucket_lifecycle(name, LifecycleConfig([rule]))

    def _tag(self, name: str, tags: Mapping[str, str]) -> None:
        from minio.commonconfig import Tags

        if not tags:
            self._client.delete_bucket_tags(name)
            return
        tag_set = Tags.new_bucket_tags()
        tag_set.update(tags)
        self._client.set_bucket_tags(name, tag_set)

    def _delete_if_empty(self, name: str) -> None:
        from minio.error import S3Error

        try:
            self._client.remove_bucket(name)
        except S3Error as exc:
            if exc.code not in {"BucketNotEmpty", "NoSuchBucket"}:
                raise


def _each(names: Sequence[str], work: Callable[[str], _Result]) -> dict[str, _Result]:
    with ThreadPoolExecutor(PARALLEL) as pool:
        return dict(zip(names, pool.map(work, names), strict=True))
