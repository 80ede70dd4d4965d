"""What a storage account holds, page by page: containers, folders and blobs, versions, and the content of a blob."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.object_store import open_client

_PIECE_BYTES = 1 << 18


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """One container."""

    name: str
    created: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Blob:
    """A blob, one of its versions, or a folder.

    Attributes:
        name: Full name; that of a folder ends with a slash.
        version: Id of the version; empty without versioning.
        is_deletion: Whether the version marks a deletion and has no content.
    """

    name: str
    size: int = 0
    modified: datetime | None = None
    version: str = ""
    is_newest: bool = True
    is_deletion: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder: the common beginning of names."""
        return self.name.endswith("/")

    @property
    def end(self) -> str:
        """Name after which the next page of a list starts; after a folder, behind all that is in it."""
        return f"{self.name}\U0010ffff" if self.is_folder else self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """The content of a blob while it is read."""

    size: int
    pieces: Iterator[bytes]


class BlobListing:
    """One storage account, read with the given keys.

    Args:
        connection: Connection with the keys of the stack or of a principal.
    """

    def __init__(self, connection: ServiceConnection) -> None:
        self._client = open_client(connection)

    def containers(self) -> list[Container]:
        """The containers that the keys may see, sorted by name."""
        found = (Container(name=bucket.name, created=bucket.creation_date) for bucket in self._client.list_buckets())
        return sorted(found, key=lambda container: container.name)

    def blobs(self, container: str, *, folder: str, after: str, limit: int) -> list[Blob]:
        """Blobs and folders directly in a folder, sorted by name.

        Args:
            container: The container.
            folder: Beginning of the names, up to a slash; empty for all.
            after: Start after this name.
            limit: How many to return at most.
        """
        found = self._client.list_objects(container, prefix=folder, start_after=after or None)
        return [_blob(item) for item in islice(found, limit)]

    def versions(self, container: str, name: str, *, limit: int) -> list[Blob]:
        """Versions of one blob, the newest first."""
        found = self._client.list_objects(container, prefix=name, include_version=True)
        return [_blob(item) for item in islice((item for item in found if item.object_name == name), limit)]

    @contextmanager
    def reading(self, container: str, name: str, *, version: str = "") -> Iterator[Content]:
        """Open the content of a blob or of one of its versions."""
        response = self._client.get_object(container, name, version_id=version or None)
        try:
            yield Content(size=int(response.headers["Content-Length"]), pieces=response.stream(_PIECE_BYTES))
        finally:
            response.close()
            response.release_conn()


def _blob(item: object) -> Blob:
    """Convert the library's record, whose attributes are untyped properties."""
    read = {name: getattr(item, name) for name in ("object_name", "size", "last_modified", "version_id", "is_latest")}
    newest = read["is_latest"]
    return Blob(
        name=str(read["object_name"]),
        size=int(read["size"] or 0),
        modified=read["last_modified"],
        version=str(read["version_id"] or "") if read["version_id"] != "null" else "",
        is_newest=newest is None or str(newest).lower() == "true",
        is_deletion=bool(getattr(item, "is_delete_marker", False)),
    )
