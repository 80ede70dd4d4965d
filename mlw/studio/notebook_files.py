"""The notebooks' file store of a workspace: the folder `Users` that its compute instances show, with the page's keys.

As in Azure it is in the datastore `workspaceworkingdirectory`, with a folder for each user. The storage account decides
what the keys allow. Nothing is replaced that nobody asked to replace: a write names the revision that it replaces.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.clients.service_errors import at_storage_account
from infra.clients.storage.blob_data import BlobEntry
from infra.clients.storage.blob_files import BlobForbiddenError
from infra.clients.storage.blob_folders import BlobFolders
from infra.clients.storage.blob_listing import Blob, Content
from infra.errors import MlWorkspaceError, ServiceError
from infra.rules.datastores.default_datastores import WORKING_DIRECTORY
from mlw.studio.notebook_paths import ROOT, name_of, require_name
from mlw.studio.stack_access import NoAccessError, StackAccess

SECTION = "storageAccount"
_DENIED = "AccessDenied"
_FOLDER_TYPE = "application/x-directory"


class NotebookFileError(MlWorkspaceError):
    """A file is not there, or is there already, or is not what it was."""


class FileExistsAlreadyError(NotebookFileError):
    """There is a file of this name.

    Attributes:
        revision: Names the file as it is now; a write that is given it replaces this file and no other.
    """

    def __init__(self, message: str, revision: str) -> None:
        super().__init__(message)
        self.revision = revision


@dataclass(frozen=True, kw_only=True, slots=True)
class NotebookFiles:
    """The file store of one workspace.

    Attributes:
        blobs: The container.
        endpoint: Address of the storage account, for messages.
        principal: Whose keys they are; empty for the stack's own.
    """

    blobs: BlobFolders
    endpoint: str
    principal: str = ""

    def entries(self, folder: str, *, after: str = "", limit: int) -> list[Blob]:
        """Files and folders of a folder; the principal's own folder is there before its first file."""
        with self._at(f"listing '{folder}'"):
            found = self.blobs.entries(folder, after=after, limit=limit)
        own = f"{ROOT}{self.principal}/"
        if folder == ROOT and self.principal and not after and own not in {one.name for one in found}:
            found = sorted([*found, Blob(name=own)], key=lambda one: one.name)[:limit]
        return found

    def find(self, path: str) -> BlobEntry:
        """Look for a file.

        Raises:
            NotebookFileError: There is none.
        """
        with self._at(f"reading '{path}'"):
            found = self.blobs.find(path)
        if found is None:
            raise NotebookFileError(f"reading '{path}': there is no such file. It may have been renamed or deleted.")
        return found

    @contextmanager
    def reading(self, path: str) -> Iterator[Content]:
        """Open the content of a file."""
        with self._at(f"reading '{path}'"), self.blobs.reading(path) as content:
            yield content

    def read(self, path: str) -> bytes:
        """The content of a file."""
        with self.reading(path) as content:
            return b"".join(content.pieces)

    def write(self, path: str, content: bytes, *, revision: str = "") -> None:
        """Write a new file, or replace the one of a revision.

        Raises:
            FileExistsAlreadyError: There is a file, and it is not of this revision.
        """
        doing, type_ = f"uploading '{path}'", mimetypes.guess_type(path)[0] or "application/octet-stream"
        with self._at(doing):
            if revision:
                done = self.blobs.replace(path, content, revision=revision, content_type=type_)
            else:
                done = not self._is_folder(f"{path}/") and self.blobs.create(path, content, content_type=type_)
            found = None if done else self.blobs.find(path)
        if done:
            return
        if found is None:
            what = "it is gone" if revision else "a folder has this name"
            raise NotebookFileError(f"{doing}: {what}. Nothing was written; upload it again under the name you want.")
        changed = " and has changed since you were asked" if revision else ""
        raise FileExistsAlreadyError(f"{doing}: a file of this name exists{changed}.", found.etag)

    def make_folder(self, folder: str, name: str) -> None:
        """Make an empty folder."""
        doing, path = f"creating folder '{name}' in '{folder}'", f"{folder}{require_name(name)}"
        with self._at(doing):
            self._require_free(path, doing)
            self.blobs.create(f"{path}/", b"", content_type=_FOLDER_TYPE)

    def rename(self, path: str, name: str) -> None:
        """Rename a file or a folder: copy all of it, then delete it.

        Raises:
            NotebookFileError: The name is taken, nothing has the path, or a file was saved meanwhile.
        """
        doing, is_folder = f"renaming '{path}' to '{name}'", path.endswith("/")
        self._refuse_fixed(path, doing)
        to = path.rstrip("/")[: -len(name_of(path))] + require_name(name)
        with self._at(doing):
            self._require_free(to, doing)
            names = list(self.blobs.names_below(path)) if is_folder else [path]
            copied = {one: found.etag for one in names if (found := self.blobs.find(one))}
            if not copied:
                raise NotebookFileError(f"{doing}: it does not exist any more.")
            for one in copied:
                self.blobs.copy(one, f"{to}{'/' if is_folder else ''}{one.removeprefix(path)}")
            for one, etag in copied.items():
                if (found := self.blobs.find(one)) is not None and found.etag != etag:
                    raise NotebookFileError(
                        f"{doing}: '{one}' was saved meanwhile. What was not renamed yet is kept under both names: "
                        "delete the one that you do not need."
                    )
                self.blobs.delete(one)

    def delete(self, path: str, *, revision: str) -> None:
        """Delete an empty folder, or the file of a revision.

        Raises:
            NotebookFileError: The folder is not empty, or the file has changed since the question was asked.
        """
        doing = f"deleting '{path}'"
        self._refuse_fixed(path, doing)
        with self._at(doing):
            if path.endswith("/"):
                if self.blobs.entries(path, limit=1):
                    raise NotebookFileError(f"{doing}: the folder is not empty. Delete what is in it first.")
            elif (found := self.blobs.find(path)) is not None and found.etag != revision:
                raise NotebookFileError(f"{doing}: it has changed since you were asked. Look at it, then ask again.")
            self.blobs.delete(path)

    def _refuse_fixed(self, path: str, doing: str) -> None:
        if path in {ROOT, f"{ROOT}{self.principal}/"}:
            raise NotebookFileError(f"{doing}: it is a folder of the workspace, which is always there.")

    def _is_folder(self, path: str) -> bool:
        return next(iter(self.blobs.names_below(path)), None) is not None

    def _require_free(self, path: str, doing: str) -> None:
        if self.blobs.find(path) is not None or self._is_folder(f"{path}/"):
            raise NotebookFileError(f"{doing}: this name is taken. Nothing was changed; choose another name.")

    @contextmanager
    def _at(self, doing: str) -> Iterator[None]:
        """Report failed requests; one that the keys do not allow as a matter of roles."""
        try:
            with at_storage_account(self.endpoint, doing):
                yield
        except (BlobForbiddenError, ServiceError) as exc:
            code = str(exc) if isinstance(exc, BlobForbiddenError) else getattr(exc.__cause__, "code", "")
            if code == _DENIED and self.principal:
                raise NoAccessError(
                    f"{doing}: the roles of principal '{self.principal}' do not include it. `mlw roles list` shows "
                    "what they include."
                ) from exc
            if isinstance(exc, BlobForbiddenError):
                raise ServiceError(f"{doing}: the storage account at {self.endpoint} returned {code}.") from exc
            raise


def open_files(access: StackAccess) -> NotebookFiles:
    """The file store, with the credentials that the page uses.

    Raises:
        NoAccessError: The principal may not use the storage account.
    """
    connection = access.connection(SECTION, "opening the notebooks' file store")
    stores = {store["name"]: store["container"] for store in access.stack.outputs["datastores"]}
    blobs = BlobFolders(connection, stores[WORKING_DIRECTORY])
    return NotebookFiles(blobs=blobs, endpoint=connection.endpoint, principal=access.principal)
