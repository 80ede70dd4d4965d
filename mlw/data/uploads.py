"""Uploads of files and folders by the hash of their content, in Azure's layout: `LocalUpload/<hash>/<name>`.

What is there already is not uploaded again, so an interrupted upload continues, and the same data is stored once.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, cast

from mlw.data import local_data
from mlw.data.data_errors import DataPathError
from mlw.data.data_locations import DataLocation, DataType, is_folder_type
from mlw.data.data_workspace import DataWorkspace
from mlw.data.local_data import LocalData, LocalFile

ROOT = "LocalUpload"
TABLE_FILE = "MLTable"
_PARALLEL = 6


def upload(
    workspace: DataWorkspace,
    path: Path,
    type_: str,
    *,
    datastore: str = "",
    say: Callable[[str], None] = lambda _line: None,
) -> DataLocation:
    """Upload a file or a folder unless it is there.

    Args:
        workspace: Where to.
        path: The file or folder.
        type_: Azure's type of the data.
        datastore: Name of the datastore; by default the default one.
        say: Gets lines about what is being done.

    Raises:
        DataPathError: It does not exist, or is not of the type.
        DataForbiddenError: The keys may not write there.
    """
    doing = f"uploading '{path}'"
    _check_type(path, type_, doing)
    store = datastore or workspace.default_datastore
    container = workspace.container_of(store, doing)
    data = local_data.read(path, doing)
    root = f"{ROOT}/{data.digest}"
    name = f"{root}/{path.name}" if path.name else root
    _send(workspace, data, container, name, say)
    return DataLocation(
        type=type_, datastore=store, container=container, name=name, is_folder=data.is_folder, digest=data.digest
    )


def _send(workspace: DataWorkspace, data: LocalData, container: str, name: str, say: Callable[[str], None]) -> None:
    prefix = f"{name}/" if data.is_folder else name
    with workspace.using(f"uploading '{data.path}'"):
        there = {one.name: one.size for one in workspace.blobs.below(container, prefix)}
    blobs = {f"{prefix}{one.name}" if data.is_folder else name: one for one in data.files}
    missing = [(blob, one) for blob, one in blobs.items() if there.get(blob) != one.size]
    if not missing:
        return
    size = sum(one.size for _, one in missing)
    say(f"Uploading {len(missing)} file{'' if len(missing) == 1 else 's'} ({size / (1 << 20):.1f} MiB): {data.path}")
    with ThreadPoolExecutor(_PARALLEL) as pool:
        list(pool.map(lambda one: _send_one(workspace, data, container, *one), missing))


def _send_one(workspace: DataWorkspace, data: LocalData, container: str, blob: str, file: LocalFile) -> None:
    place = data.place_of(file)
    with place.open("rb") as content, workspace.using(f"uploading '{place}'"):
        workspace.blobs.write(container, blob, cast(BinaryIO, _SameContent(content, file, place)), size=file.size)


class _SameContent(io.RawIOBase):
    """The content of a file, which raises before its last bytes if it is not what was hashed.

    The blob's name is the hash, so nobody may ever find other content there.
    """

    def __init__(self, content: BinaryIO, file: LocalFile, place: Path) -> None:
        self._content, self._file, self._place = content, file, place
        self._digest, self._left = hashlib.sha256(), file.size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        piece = self._content.read(wanted)
        self._digest.update(piece)
        self._left -= len(piece)
        if len(piece) < wanted or (not self._left and self._digest.hexdigest() != self._file.digest):
            raise DataPathError(f"uploading '{self._place}': it changed meanwhile, nothing was stored. Run it again.")
        return piece


def _check_type(path: Path, type_: str, doing: str) -> None:
    if not path.exists():
        raise DataPathError(f"{doing}: '{path}' does not exist.")
    if path.is_dir() == is_folder_type(type_) or type_ not in list(DataType):
        if type_ == DataType.TABLE and not (path / TABLE_FILE).is_file():
            raise DataPathError(
                f"{doing}: data of type {DataType.TABLE} is a folder with a file '{TABLE_FILE}', and '{path}' has none."
            )
        return
    found, fitting = ("folder", DataType.FOLDER) if path.is_dir() else ("file", DataType.FILE)
    raise DataPathError(f"{doing}: '{path}' is a {found}, not {type_}. Set the type to {fitting}.")
