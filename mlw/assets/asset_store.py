"""The store of assets: creates, finds, archives, deletes and restores versions.

A version never changes, apart from its description and tags. A deleted one can be restored until it is swept; until
then nobody can use its number for something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from infra.clients.service_connection import ServiceConnection
from infra.host.near_names import suggestion
from mlw.assets import asset_records
from mlw.assets.asset_blobs import AssetBlobs, StoredRecord
from mlw.assets.asset_errors import AssetExistsError, AssetForbiddenError, AssetNotFoundError
from mlw.assets.asset_records import CHANGEABLE, AssetRecord
from mlw.assets.asset_references import AssetKind, AssetReference, check_name, check_version, version_order

View = Literal["active", "archived", "all", "deleted"]


class AssetStore:
    """Assets of one workspace, used with the caller's keys.

    Args:
        connection: Connection with the keys of the stack or of a principal.
        container: Container of the artifact store.
        user: Who the caller is; recorded in what it creates.
    """

    def __init__(self, connection: ServiceConnection, container: str, *, user: str = "") -> None:
        self._blobs = AssetBlobs(connection, container)
        self._user = user

    def create(self, kind: AssetKind, name: str, version: str | None, document: Mapping[str, Any]) -> AssetRecord:
        """Create a version.

        Args:
            kind: What it is.
            name: Its name.
            version: Its version; None for the next number.
            document: The content. With the content that the version has already, nothing is changed.

        Raises:
            AssetNameError: Name or version are not valid.
            AssetExistsError: The version has other content, or is deleted.
        """
        doing = f"creating {kind} '{name}'"
        check_name(name, doing)
        if version is not None:
            check_version(version, doing)
            return self._create(kind, name, version, document)
        while True:
            made = self._new(kind, name, self.next_version(kind, name), document)
            if self._blobs.create(made):  # otherwise another writer took this number
                return made

    def next_version(self, kind: AssetKind, name: str) -> str:
        """The number of the next version; never that of a deleted one."""
        numbers = [int(one) for found in self._blobs.versions(kind, name) for one in found if one.isdecimal()]
        return str(max(numbers, default=0) + 1)

    def get(self, kind: AssetKind, name: str, version: str) -> AssetRecord:
        """Find a version.

        Raises:
            AssetNotFoundError: There is none; the message names those that exist.
        """
        return self._stored(kind, name, version).record

    def latest(self, kind: AssetKind, name: str) -> AssetRecord:
        """Find the version that was created last; archived ones do not count.

        Raises:
            AssetNotFoundError: There is none.
        """
        found = self.list(kind, name)
        if not found:
            raise self._missing(kind, name, f"looking for the latest version of {kind} '{name}'")
        return found[0]

    def resolve(self, kind: AssetKind, reference: AssetReference) -> AssetRecord:
        """Find what a reference stands for.

        Raises:
            AssetNotFoundError: There is none.
        """
        if reference.version is None:
            return self.latest(kind, reference.name)
        return self.get(kind, reference.name, reference.version)

    def list(self, kind: AssetKind, name: str | None = None, view: View = "active") -> Sequence[AssetRecord]:
        """List the versions of an asset, the newest first; without a name the latest version of each asset."""
        deleted = view == "deleted"
        if name is not None:
            check_name(name, f"listing versions of {kind} '{name}'")
            wanted = [(name, one) for one in self._blobs.versions(kind, name)[1 if deleted else 0]]
        else:
            wanted = self._blobs.identities(kind, deleted=deleted)
        found = [one for one in self._blobs.read_all(kind, wanted, deleted=deleted) if _is_in(view, one)]
        found.sort(key=_age, reverse=True)
        if name is not None or deleted:
            return found
        latest = {one.name: one for one in reversed(found)}
        return [latest[one] for one in sorted(latest)]

    def update(
        self,
        kind: AssetKind,
        name: str,
        version: str,
        *,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> AssetRecord:
        """Change the description or the tags of a version; None leaves it as it is.

        Raises:
            AssetNotFoundError: There is no such version.
        """
        given = dict(zip(CHANGEABLE, (description, tags), strict=True))
        changes = {key: value for key, value in given.items() if value is not None}
        return self._change(kind, name, version, lambda record: record.changed(changes))

    def archive(self, kind: AssetKind, name: str, version: str | None = None) -> Sequence[AssetRecord]:
        """Archive a version, or all that an asset has: lists omit them, but they can still be used.

        Raises:
            AssetNotFoundError: There is no such version.
        """
        return self._set_archived(kind, name, version, archived=True)

    def restore(self, kind: AssetKind, name: str, version: str | None = None) -> Sequence[AssetRecord]:
        """Restore archived and deleted versions: one, or all that an asset has.

        Raises:
            AssetNotFoundError: There is no such version.
        """
        deleted = self._blobs.versions(kind, name)[1]
        for one in deleted if version is None else [version]:
            if one in deleted:
                self._undelete(kind, name, one)
        return self._set_archived(kind, name, version, archived=False)

    def delete(self, kind: AssetKind, name: str, version: str | None = None) -> Sequence[AssetRecord]:
        """Delete a version, or all that an asset has; :meth:`restore` brings them back.

        Raises:
            AssetNotFoundError: There is no such version.
        """
        removed = []
        for one in self._versions(kind, name, version, f"deleting {kind} '{name}'"):
            record = replace(self.get(kind, name, one), deleted_on=asset_records.now())
            if not self._blobs.create(record, deleted=True):
                self._blobs.remove(record, deleted=True)  # left by an interrupted restore
                self._blobs.create(record, deleted=True)
            self._blobs.remove(record)
            removed.append(record)
        return removed

    def sweep(self, kind: AssetKind, *, before: str) -> Sequence[AssetRecord]:
        """Remove deleted versions permanently that were deleted before a time as records have it."""
        found = [one for one in self.list(kind, view="deleted") if one.deleted_on < before]
        for record in found:
            self._blobs.remove(record, deleted=True)
        return found

    def _create(self, kind: AssetKind, name: str, version: str, document: Mapping[str, Any]) -> AssetRecord:
        doing = f"creating version '{version}' of {kind} '{name}'"
        if version in self._blobs.versions(kind, name)[1]:
            raise AssetExistsError(
                f"{doing}: this version was deleted and can still be restored (`mlw {kind} restore`). The next "
                f"version is '{self.next_version(kind, name)}'."
            )
        made = self._new(kind, name, version, document)
        if self._blobs.create(made):
            return made
        known = self.get(kind, name, version)
        if known.digest != made.digest:
            raise AssetExistsError(
                f"{doing}: it exists with other content, and versions cannot be changed. Set the version to "
                f"'{self.next_version(kind, name)}', or omit it to get the next one."
            )
        return known

    def _new(self, kind: AssetKind, name: str, version: str, document: Mapping[str, Any]) -> AssetRecord:
        return AssetRecord(
            kind=kind,
            name=name,
            version=version,
            document=document,
            created_on=asset_records.now(),
            created_by=self._user,
        )

    def _stored(self, kind: AssetKind, name: str, version: str) -> StoredRecord:
        doing = f"looking for version '{version}' of {kind} '{name}'"
        check_name(name, doing)
        check_version(version, doing)
        found = self._blobs.read(kind, name, version)
        if found is None:
            raise self._missing(kind, name, doing, version)
        return found

    def _missing(self, kind: AssetKind, name: str, doing: str, version: str = "") -> AssetNotFoundError:
        present, deleted = self._blobs.versions(kind, name)
        if version in deleted or (deleted and not present):
            return AssetNotFoundError(f"{doing}: it was deleted. `mlw {kind} restore` brings it back.")
        if present and not version:
            return AssetNotFoundError(
                f"{doing}: all of its versions are archived. Name one of them: {_listed(present)}."
            )
        if present:
            return AssetNotFoundError(f"{doing}: no such version. Versions: {_listed(present)}.")
        known = sorted({one for one, _ in self._blobs.identities(kind, deleted=False)})
        return AssetNotFoundError(
            f"{doing}: no such {kind} in this workspace.{suggestion(name, known)} `mlw {kind} list` shows what there "
            f"is, `mlw {kind} create` creates one."
        )

    def _versions(self, kind: AssetKind, name: str, version: str | None, doing: str) -> Sequence[str]:
        if version is not None:
            return [version]
        check_name(name, doing)
        found = sorted(self._blobs.versions(kind, name)[0], key=version_order)
        if not found:
            raise self._missing(kind, name, doing)
        return found

    def _set_archived(
        self, kind: AssetKind, name: str, version: str | None, *, archived: bool
    ) -> Sequence[AssetRecord]:
        doing = f"{'archiving' if archived else 'restoring'} {kind} '{name}'"
        wanted = self._versions(kind, name, version, doing)
        return [self._change(kind, name, one, lambda record: replace(record, is_archived=archived)) for one in wanted]

    def _undelete(self, kind: AssetKind, name: str, version: str) -> None:
        found = self._blobs.read(kind, name, version, deleted=True)
        if found:
            restored = replace(found.record, deleted_on="")
            self._blobs.create(restored)
            with suppress(AssetForbiddenError):  # without the right to delete it stays, and the present record counts
                self._blobs.remove(restored, deleted=True)

    def _change(
        self, kind: AssetKind, name: str, version: str, change: Callable[[AssetRecord], AssetRecord]
    ) -> AssetRecord:
        while True:
            stored = self._stored(kind, name, version)
            changed = change(stored.record)
            if changed == stored.record or self._blobs.replace(stored, changed):
                return changed


def _is_in(view: View, record: AssetRecord) -> bool:
    return view in {"all", "deleted"} or record.is_archived == (view == "archived")


def _age(record: AssetRecord) -> tuple[str, tuple[int, str]]:
    return record.created_on, version_order(record.version)


def _listed(versions: Sequence[str]) -> str:
    return ", ".join(sorted(versions, key=version_order, reverse=True)[:10])
