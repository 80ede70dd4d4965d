"""Records of assets as blobs: `assets/<kind>/<name>/<version>.json`, deleted ones in the folder `deleted` next to them.

Every request is made with the caller's own keys, and two writers never overwrite each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_storage_account
from infra.clients.storage.blob_files import BlobForbiddenError
from infra.clients.storage.conditional_documents import ConditionalDocuments
from mlw.assets.asset_errors import AssetError, AssetForbiddenError
from mlw.assets.asset_records import AssetRecord
from mlw.assets.asset_references import AssetKind

ROOT = "assets"
_DELETED = "deleted"
_SUFFIX = ".json"
_PARALLEL = 8
_AFTER_HIDDEN = ".~"
"""Follows all names that begin with a dot, which are not those of assets, e.g. the lineage of data."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record, and the revision that the storage account knows it by."""

    record: AssetRecord
    revision: str


class AssetBlobs:
    """Records in one container.

    Args:
        connection: Connection with the caller's keys.
        container: Container of the artifact store.
    """

    def __init__(self, connection: ServiceConnection, container: str) -> None:
        self._endpoint = connection.endpoint
        self._documents = ConditionalDocuments(connection)
        self._container = container

    def versions(self, kind: AssetKind, name: str) -> tuple[list[str], list[str]]:
        """Versions of an asset, and those that are deleted."""
        folder = f"{ROOT}/{kind}/{name}/"
        with self._using(f"listing versions of {kind} '{name}'"):
            found = [one.removeprefix(folder) for one in self._documents.names(self._container, folder)]
        present = [one.removesuffix(_SUFFIX) for one in found if "/" not in one]
        deleted = [one.rpartition("/")[2].removesuffix(_SUFFIX) for one in found if one.startswith(f"{_DELETED}/")]
        return present, [one for one in deleted if one not in present]

    def identities(self, kind: AssetKind, *, deleted: bool) -> list[tuple[str, str]]:
        """Name and version of every asset of a kind."""
        folder = f"{ROOT}/{kind}/"
        with self._using(f"listing assets of kind {kind}"):
            names = self._documents.names(self._container, folder, after=f"{folder}{_AFTER_HIDDEN}")
            found = [one.removeprefix(folder).removesuffix(_SUFFIX) for one in names]
        steps = [tuple(one.split("/")) for one in found]
        present = {(one[0], one[1]) for one in steps if len(one) == 2}  # noqa: PLR2004 - name and version
        if not deleted:
            return sorted(present)
        return sorted({(one[0], one[2]) for one in steps if len(one) > 2 and one[1] == _DELETED} - present)  # noqa: PLR2004

    def read(self, kind: AssetKind, name: str, version: str, *, deleted: bool = False) -> StoredRecord | None:
        """Read a record; None if there is none."""
        doing, blob = f"reading version '{version}' of {kind} '{name}'", _blob(kind, name, version, deleted=deleted)
        with self._using(doing):
            found = self._documents.read(self._container, blob)
        if found is None:
            return None
        try:
            return StoredRecord(AssetRecord.decode(found.content), found.revision)
        except ValueError as exc:
            raise AssetError(
                f"{doing}: blob '{blob}' in container '{self._container}' is not the record of an asset ({exc}). "
                "Restore an earlier version of the blob."
            ) from exc

    def read_all(
        self, kind: AssetKind, wanted: Sequence[tuple[str, str]], *, deleted: bool = False
    ) -> list[AssetRecord]:
        """Read records side by side; one that was removed in the meantime is omitted."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            found = pool.map(lambda one: self.read(kind, *one, deleted=deleted), wanted)
            return [one.record for one in found if one]

    def create(self, record: AssetRecord, *, deleted: bool = False) -> bool:
        """Write a record unless there is one; returns whether it was written."""
        blob = _blob(record.kind, record.name, record.version, deleted=deleted)
        with self._using(
            f"{'deleting' if deleted else 'creating'} version '{record.version}' of {record.kind} '{record.name}'"
        ):
            return self._documents.create(self._container, blob, record.encode())

    def replace(self, stored: StoredRecord, record: AssetRecord) -> bool:
        """Replace a record unless somebody else has; returns whether it was written."""
        blob = _blob(record.kind, record.name, record.version)
        with self._using(f"changing version '{record.version}' of {record.kind} '{record.name}'"):
            return self._documents.replace(self._container, blob, record.encode(), revision=stored.revision)

    def remove(self, record: AssetRecord, *, deleted: bool = False) -> None:
        """Remove a record."""
        blob = _blob(record.kind, record.name, record.version, deleted=deleted)
        with self._using(f"deleting version '{record.version}' of {record.kind} '{record.name}'"):
            self._documents.delete(self._container, blob)

    @contextmanager
    def _using(self, doing: str) -> Iterator[None]:
        try:
            with at_storage_account(self._endpoint, doing):
                yield
        except BlobForbiddenError as exc:
            raise AssetForbiddenError(
                f"{doing}: the role does not allow it. `mlw roles list` shows which roles do."
            ) from exc


def _blob(kind: AssetKind, name: str, version: str, *, deleted: bool = False) -> str:
    folder = f"{ROOT}/{kind}/{name}/{_DELETED}" if deleted else f"{ROOT}/{kind}/{name}"
    return f"{folder}/{version}{_SUFFIX}"
