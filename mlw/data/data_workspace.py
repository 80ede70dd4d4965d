"""A workspace as far as data is concerned: its datastores, and their containers with the caller's own keys."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_storage_account
from infra.clients.storage.blob_data import BlobData, BlobEntry
from infra.clients.storage.blob_files import BlobForbiddenError
from infra.host.near_names import suggestion
from infra.rules.datastores.default_datastores import ARTIFACT_STORE, BLOB_STORE
from mlw.assets.asset_store import AssetStore
from mlw.data.data_errors import DataForbiddenError, DataNotFoundError, DataPathError
from mlw.data.data_locations import DataFile, DataLocation

if TYPE_CHECKING:
    from pathlib import Path

    from mlw.stacks.stacks import Stack
    from mlw.tracking.tracking_client import TrackingClient

DEFAULT = "default_datastore"
_EXTERNAL = "S3"


class DataWorkspace:
    """Data of one workspace.

    Args:
        connection: The storage account with the caller's keys.
        datastores: As in the stack's output of that name.
        user: Who the caller is.
        tracking: Connects to the tracking server, for models; None without one.
    """

    def __init__(
        self,
        connection: ServiceConnection,
        datastores: Sequence[Mapping[str, object]],
        *,
        user: str = "",
        tracking: functools.partial[TrackingClient] | None = None,
    ) -> None:
        self._datastores = {str(one["name"]): one for one in datastores}
        self._endpoint = connection.endpoint
        self._tracking = tracking
        self.blobs = BlobData(connection)
        self.connection = connection
        self.user = user

    @classmethod
    def of(cls, stack: Stack, principal: str | None = None) -> DataWorkspace:
        """Connect with the keys of a stack, or of a principal.

        Raises:
            NotUpError: The stack was never deployed.
            NoSuchPrincipalError: The stack has no such principal.
            NoTrackingRightError: The principal has no keys of the storage account.
        """
        from mlw.tracking.storage_rights import storage_connection  # noqa: PLC0415 - a job's runner has its own keys
        from mlw.tracking.tracking_access import connect  # noqa: PLC0415 - likewise

        return cls(
            storage_connection(stack, principal),
            stack.require_outputs().get("datastores") or (),
            user=principal or getpass.getuser(),
            tracking=functools.partial(connect, stack, principal),
        )

    @functools.cached_property
    def assets(self) -> AssetStore:
        """The store of assets."""
        return AssetStore(self.connection, self.artifact_container, user=self.user)

    @property
    def artifact_container(self) -> str:
        """The container of the artifact store."""
        return self.container_of(ARTIFACT_STORE, "using assets")

    @property
    def default_datastore(self) -> str:
        """Name of the default datastore."""
        found = (name for name, one in self._datastores.items() if one.get("isDefault"))
        return next(found, BLOB_STORE)

    def tracking(self, doing: str) -> TrackingClient:
        """Connect to the tracking server.

        Raises:
            DataPathError: Nothing was given to connect with.
            TrackingOffError: The workspace has none.
        """
        if self._tracking is None:
            raise DataPathError(f"{doing}: models are not available here.")
        return self._tracking()

    def container_of(self, datastore: str, doing: str) -> str:
        """The container of a datastore in the workspace's own account.

        Raises:
            DataNotFoundError: There is no such datastore.
            DataPathError: It is in another object store.
        """
        found = self._datastores.get(datastore)
        if found is None:
            raise DataNotFoundError(
                f"{doing}: no datastore '{datastore}' in this workspace.{suggestion(datastore, self._datastores)} "
                f"Datastores: {', '.join(sorted(self._datastores)) or 'none'}."
            )
        if found["type"] == _EXTERNAL:
            raise DataPathError(
                f"{doing}: datastore '{datastore}' is in an external object store, which assets and jobs cannot use "
                "yet. Copy the data to a datastore of the workspace's own storage account."
            )
        return str(found["container"])

    @property
    def snapshot_container(self) -> str:
        """The container of the default blob store, where snapshots of code are."""
        return self.container_of(BLOB_STORE, "storing code")

    def datastore_of(self, container: str) -> str:
        """The datastore of a container.

        Raises:
            DataNotFoundError: There is none.
        """
        found = [name for name, one in self._datastores.items() if one["container"] == container]
        if not found:
            raise DataNotFoundError(f"looking for the datastore of container '{container}': there is none.")
        return found[0]

    def files_of(self, location: DataLocation) -> Iterator[DataFile]:
        """The files of a location in the order of their names.

        Raises:
            DataNotFoundError: There are none.
        """
        doing = f"listing '{location.uri}'"
        if location.is_folder:
            found = False
            with self.using(doing):
                for one in self.blobs.below(location.container, location.prefix):
                    found = True
                    yield _file(one, one.name.removeprefix(location.prefix))
            if not found:
                raise DataNotFoundError(f"{doing}: there are no files.")
            return
        with self.using(doing):
            entry = self.blobs.find(location.container, location.name)
        if entry is None:
            raise DataNotFoundError(f"{doing}: there is no such file.")
        yield _file(entry, location.name.rpartition("/")[2])

    @contextmanager
    def reading(self, location: DataLocation, file: DataFile) -> Iterator[Iterator[bytes]]:
        """Open a file of a location; yields its content in pieces."""
        with self.using(f"reading '{file.blob}'"), self.blobs.reading(location.container, file.blob) as pieces:
            yield pieces

    def put(self, location: DataLocation, name: str, content: BinaryIO, *, size: int | None = None) -> DataFile:
        """Write a file of a location.

        Args:
            location: A folder, or one file, which then gets the content.
            name: Name of the file below a folder.
            content: Its content.
            size: Bytes; None to read to the end.
        """
        blob = f"{location.prefix}{name}" if location.is_folder else location.name
        with self.using(f"writing '{blob}'"):
            return _file(self.blobs.write(location.container, blob, content, size=size), name)

    def put_file(self, location: DataLocation, name: str, file: Path) -> None:
        """Write a file of a location from one of this machine."""
        blob = f"{location.prefix}{name}" if location.is_folder else location.name
        with self.using(f"uploading '{file}'"):
            self.blobs.write_file(location.container, blob, file)

    @contextmanager
    def using(self, doing: str) -> Iterator[None]:
        """Report failed requests to the storage account in one message."""
        try:
            with at_storage_account(self._endpoint, doing):
                yield
        except BlobForbiddenError as exc:
            raise DataForbiddenError(
                f"{doing}: the role does not allow it. `mlw roles list` shows which roles do."
            ) from exc


def _file(entry: BlobEntry, name: str) -> DataFile:
    return DataFile(name=name, blob=entry.name, size=entry.size, etag=entry.etag)
