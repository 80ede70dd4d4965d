"""JupyterLab's files: the home folder, and the datastores of the workspace next to it.

Kernels and terminals see the home folder only; a datastore is no file system.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import mimetypes
import tempfile
from collections.abc import Callable
from typing import IO, Any, TypeVar

import nbformat
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.contents.manager import AsyncContentsManager
from tornado.web import HTTPError

from .datastore_objects import Datastores, Entry, Place

MOST_BYTES = 64 << 20
"""Of a file that is opened in the browser: its content is in the server's memory."""

_LAST_CHUNK = -1
_NEW = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""The time of folders, which have none."""

_Found = TypeVar("_Found")
_Model = dict[str, Any]


class InstanceContents(AsyncLargeFileManager):  # type: ignore[misc]
    """The home folder's manager, with datastores as more folders."""

    datastores: Datastores

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Jupyter's
        super().__init__(**options)
        self._uploads: dict[str, IO[bytes]] = {}

    async def dir_exists(self, path: str) -> bool:
        """Whether a folder exists."""
        place = self.datastores.place(path)
        return bool(await super().dir_exists(path) if place is None else await _run(self.datastores.is_folder, place))

    async def file_exists(self, path: str) -> bool:
        """Whether a file exists."""
        place = self.datastores.place(path)
        if place is None:
            return bool(await super().file_exists(path))
        return await _run(self.datastores.entry, place) is not None

    def exists(self, path: str) -> Any:  # noqa: ANN401 - Jupyter's own calls wait for it only if they have to
        """Whether either exists: at once in the home folder, later in a datastore."""
        place = self.datastores.place(path)
        return super().exists(path) if place is None else self._exists(path)

    async def _exists(self, path: str) -> bool:
        return await self.file_exists(path) or await self.dir_exists(path)

    async def is_hidden(self, path: str) -> bool:
        """Whether a name in the path begins with a dot."""
        if self.datastores.place(path) is None:
            return bool(await super().is_hidden(path))
        return any(part.startswith(".") for part in path.strip("/").split("/"))

    async def get_kernel_path(self, path: str, model: _Model | None = None) -> str:
        """Where a notebook's kernel works: the home folder for those in a datastore."""
        if self.datastores.place(path) is None:
            return str(await super().get_kernel_path(path, model))
        return ""

    async def resolve_path(self, path: str) -> str | None:
        """The file on the disk; none for a datastore."""
        found = None if self.datastores.place(path) else super().resolve_path(path)
        return None if found is None else str(found)

    async def get(
        self,
        path: str,
        content: bool = True,  # noqa: FBT001, FBT002 - Jupyter's
        type: str | None = None,
        format: str | None = None,
        require_hash: bool = False,  # noqa: FBT001, FBT002 - Jupyter's
    ) -> _Model:
        """A file or a folder."""
        place = self.datastores.place(path)
        if place is None:
            model: _Model = await super().get(path, content, type, format, require_hash)
            if not path.strip("/") and content and model["type"] == "directory":
                model["content"] += [_folder(name) for name in self.datastores.roots()]
            return model
        entry = None if type == "directory" else await _run(self.datastores.entry, place)
        if entry is None:
            return await self._folder_model(place, type, with_content=content)
        return await self._file_model_of(place, entry, type, format, with_content=content)

    async def save(self, model: _Model, path: str = "") -> _Model:
        """Write a file, or make a folder."""
        place = self.datastores.place(path)
        if place is None:
            return dict(await super().save(model, path))
        if model.get("type") not in {"notebook", "file", "directory"}:
            raise HTTPError(400, f"'{path}': type '{model.get('type')}' is not known")
        self.run_pre_save_hooks(model=model, path=path)
        if model["type"] == "directory":
            await _run(self.datastores.make_folder, place)
        elif model.get("chunk") is not None:
            if not await self._save_chunk(place, model):
                return _model(place.path, "file", Entry(place.name, is_folder=False))
        else:
            await _run(self.datastores.write, place, self._bytes(model, path))
        self.emit(data={"action": "save", "path": path})
        return await self.get(path, content=False)

    async def delete(self, path: str) -> None:
        """Delete a file or an empty folder."""
        place = self.datastores.place(path)
        if place is None:
            await super().delete(path)
            return
        await _run(self.datastores.delete, place)
        self.emit(data={"action": "delete", "path": path})

    async def rename(self, old_path: str, new_path: str) -> None:
        """Rename or move."""
        old, new = self.datastores.place(old_path), self.datastores.place(new_path)
        if old is None and new is None:
            await super().rename(old_path, new_path)
            return
        if old is None or new is None:
            raise HTTPError(400, "moving between the home folder and a datastore: copy the file, then delete it")
        await _run(self.datastores.rename, old, new)
        self.emit(data={"action": "rename", "path": new_path, "source_path": old_path})

    async def copy(self, from_path: str, to_path: str | None = None) -> _Model:
        """Copy a file, also between the home folder and a datastore."""
        if self.datastores.place(from_path) is None and self.datastores.place(to_path or "") is None:
            return dict(await super().copy(from_path, to_path))
        return dict(await AsyncContentsManager.copy(self, from_path, to_path))

    async def create_checkpoint(self, path: str) -> _Model:
        """In a datastore nothing: the container keeps versions, if it is told to."""
        if self.datastores.place(path) is None:
            return dict(await super().create_checkpoint(path))
        return {"id": "datastore", "last_modified": dt.datetime.now(dt.UTC)}

    async def list_checkpoints(self, path: str) -> list[_Model]:
        """None in a datastore."""
        return [] if self.datastores.place(path) else list(await super().list_checkpoints(path))

    async def restore_checkpoint(self, checkpoint_id: str, path: str) -> None:
        """Not in a datastore."""
        if self.datastores.place(path):
            raise HTTPError(400, f"'{path}': files of a datastore have no checkpoints, but versions in its container")
        await super().restore_checkpoint(checkpoint_id, path)

    async def delete_checkpoint(self, checkpoint_id: str, path: str) -> None:
        """As above."""
        if self.datastores.place(path) is None:
            await super().delete_checkpoint(checkpoint_id, path)

    async def _folder_model(self, place: Place, type_: str | None, *, with_content: bool) -> _Model:
        if type_ in {"file", "notebook"} or not await _run(self.datastores.is_folder, place):
            raise HTTPError(404, f"'{place.path}' does not exist")
        model = _folder(place.path)
        if with_content:
            found = await _run(self.datastores.entries, place)
            shown = [one for one in found if self.should_list(one.name) and not one.name.startswith(".")]
            model |= {"content": [_listed(place, one) for one in shown], "format": "json"}
        return model

    async def _file_model_of(
        self, place: Place, entry: Entry, type_: str | None, format_: str | None, *, with_content: bool
    ) -> _Model:
        type_ = type_ or ("notebook" if place.name.endswith(".ipynb") else "file")
        model = _model(place.path, type_, entry)
        if not with_content:
            return model
        if entry.size > MOST_BYTES:
            raise HTTPError(
                400,
                f"'{place.path}' has {entry.size >> 20} MiB, and no more than {MOST_BYTES >> 20} can be opened here. "
                "Download it, or read it in a notebook",
            )
        content = await _run(self.datastores.read, place)
        if type_ == "notebook":
            try:
                notebook = nbformat.reads(content.decode("utf-8"), as_version=4)
            except (ValueError, nbformat.reader.NotJSONError) as exc:
                raise HTTPError(400, f"'{place.path}' is no notebook: {exc}") from exc
            self.mark_trusted_cells(notebook, place.path)
            self.validate_notebook_model(model | {"content": notebook})
            return model | {"content": notebook, "format": "json"}
        return model | _text_or_base64(place, content, format_)

    def _bytes(self, model: _Model, path: str) -> bytes:
        """The content of a model."""
        if model["type"] == "notebook":
            notebook = nbformat.from_dict(model["content"])
            self.check_and_sign(notebook, path)
            return f"{nbformat.writes(notebook, version=nbformat.NO_CONVERT)}\n".encode()
        return _decoded(model)

    async def _save_chunk(self, place: Place, model: _Model) -> bool:
        """Collect what JupyterLab uploads in pieces; write it with the last one, and return whether that is so."""
        if model["chunk"] == 1:
            self._drop_upload(place.path)
            self._uploads[place.path] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the last piece
        file = self._uploads.get(place.path)
        if file is None:
            raise HTTPError(400, f"'{place.path}': the upload was interrupted. Upload it again")
        await _run(file.write, _decoded(model))
        if model["chunk"] != _LAST_CHUNK:
            return False
        size = file.tell()
        file.seek(0)
        try:
            await _run(self.datastores.write_stream, place, file, size)
        finally:
            self._drop_upload(place.path)
        return True

    def _drop_upload(self, path: str) -> None:
        if file := self._uploads.pop(path, None):
            file.close()


async def _run(function: Callable[..., _Found], *arguments: object) -> _Found:
    """Run in a thread: the client waits for responses."""
    return await asyncio.to_thread(function, *arguments)


def _decoded(model: _Model) -> bytes:
    content = str(model.get("content") or "")
    try:
        return base64.b64decode(content) if model.get("format") == "base64" else content.encode("utf-8")
    except ValueError as exc:
        raise HTTPError(400, f"the content is not base64: {exc}") from exc


def _text_or_base64(place: Place, content: bytes, format_: str | None) -> _Model:
    try:
        if format_ != "base64":
            return {"content": content.decode("utf-8"), "format": "text", "mimetype": _mimetype(place) or "text/plain"}
    except UnicodeDecodeError as exc:
        if format_ == "text":
            raise HTTPError(400, f"'{place.path}' is not UTF-8", reason="bad format") from exc
    encoded = base64.b64encode(content).decode("ascii")
    return {"content": encoded, "format": "base64", "mimetype": _mimetype(place) or "application/octet-stream"}


def _mimetype(place: Place) -> str | None:
    return mimetypes.guess_type(place.name)[0]


def _listed(place: Place, entry: Entry) -> _Model:
    path = f"{place.path}/{entry.name}"
    type_ = "notebook" if entry.name.endswith(".ipynb") else "file"
    return _folder(path) if entry.is_folder else _model(path, type_, entry)


def _folder(path: str) -> _Model:
    return _model(path, "directory", Entry(path.rpartition("/")[2], is_folder=True)) | {"size": None}


def _model(path: str, type_: str, entry: Entry) -> _Model:
    modified = entry.modified or _NEW
    return {
        "name": entry.name,
        "path": path,
        "type": type_,
        "writable": True,
        "created": modified,
        "last_modified": modified,
        "mimetype": None,
        "content": None,
        "format": None,
        "size": entry.size,
        "hash": entry.etag,
        "hash_algorithm": "etag",
    }
