"""Snapshots in the workspace's default blob store, in Azure's layout: `LocalUpload/<hash>/`.

They are written and read with the caller's own storage keys, and only written if they are not there yet.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from pathlib import Path

from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_storage_account
from infra.clients.storage.blob_files import BlobFiles, BlobForbiddenError
from infra.rules.datastores.default_datastores import BLOB_STORE
from mlw.stacks.stacks import Stack
from mlw.tracking import code_snapshot
from mlw.tracking.code_snapshot import CodeSnapshot, CodeSnapshotError, CodeSnapshotForbiddenError
from mlw.tracking.placed_files import is_inside

TAG = "ContentSnapshotId"
"""Azure's name of the property of a run."""

_HASH = re.compile(r"[0-9a-f]{64}")


def container_of(stack: Stack) -> str:
    """The container of the workspace's default blob store."""
    stores = stack.require_outputs().get("datastores") or ()
    return next(str(one["container"]) for one in stores if one["name"] == BLOB_STORE)


def blob_of(identity: str) -> str:
    """Name of the blob of a snapshot."""
    return f"LocalUpload/{identity}/snapshot.zip"


def store(connection: ServiceConnection, container: str, snapshot: CodeSnapshot) -> str:
    """Write a snapshot unless it is there, and return its hash.

    Raises:
        BlobForbiddenError: The keys may not read or write there.
        ServiceError: The storage account fails.
    """
    identity = snapshot.hash
    blobs, name = BlobFiles(connection), blob_of(identity)
    with at_storage_account(connection.endpoint, f"storing the snapshot of '{snapshot.folder}'"):
        if not blobs.exists(container, name):
            with tempfile.TemporaryDirectory(prefix="mlw-snapshot-") as folder:
                archive = Path(folder) / "snapshot.zip"
                snapshot.write(archive)
                blobs.upload(container, name, archive, content_type="application/zip")
    return identity


def extract(connection: ServiceConnection, container: str, identity: str, target: Path) -> list[str]:
    """Download a snapshot into an empty folder; returns the names of its files.

    Raises:
        CodeSnapshotError: There is none, it is damaged, or the keys may not read it.
        ServiceError: The storage account fails.
    """
    doing = f"downloading snapshot '{identity}'"
    if not _HASH.fullmatch(identity):
        raise CodeSnapshotError(f"{doing}: not the hash of a snapshot: the tag '{TAG}' of the run was changed.")
    with tempfile.TemporaryDirectory(prefix="mlw-snapshot-") as folder:
        archive = Path(folder) / "snapshot.zip"
        try:
            with at_storage_account(connection.endpoint, doing):
                if not BlobFiles(connection).download(container, blob_of(identity), archive):
                    raise CodeSnapshotError(f"{doing}: container '{container}' has no '{blob_of(identity)}': deleted?")
        except BlobForbiddenError as exc:
            raise CodeSnapshotForbiddenError(
                f"{doing}: the role includes no rights to read blobs of '{container}'."
            ) from exc
        return _unpack(archive, identity, target, doing)


def _unpack(archive: Path, identity: str, target: Path, doing: str) -> list[str]:
    """Extract into the folder, and compare what is there with the hash."""
    try:
        with zipfile.ZipFile(archive) as content:
            names = _checked(content, doing)
            for entry in content.infolist():
                written = Path(content.extract(entry, target))
                written.chmod(0o755 if entry.external_attr >> 16 & 0o100 else 0o644)
        found = CodeSnapshot(target, [code_snapshot.read_file(target, name) for name in names])
    except (zipfile.BadZipFile, OSError) as exc:
        raise CodeSnapshotError(f"{doing}: the stored file is damaged ({exc}).") from exc
    if found.hash != identity:
        raise CodeSnapshotError(f"{doing}: its content does not have this hash: the stored file was changed.")
    return names


def _checked(content: zipfile.ZipFile, doing: str) -> list[str]:
    """Names of the files; none leads out of the folder, and their size is within the limits."""
    entries = content.infolist()
    wrong = [one.filename for one in entries if not is_inside(one.filename)]
    if wrong or sum(one.file_size for one in entries) > code_snapshot.MAXIMUM_MIB << 20:
        raise CodeSnapshotError(
            f"{doing}: the stored file was not made by `mlw run`: "
            f"{f'it has the name {wrong[0]!r}' if wrong else 'it is larger than a snapshot can be'}."
        )
    return sorted(one.filename for one in entries)
