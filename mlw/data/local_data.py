"""Files and folders of this machine: which files belong to them, and the hash of their content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mlw.data.data_errors import DataPathError
from mlw.tracking.code_snapshot import IGNORE_FILES

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class LocalFile:
    """One file: its name below the folder with slashes, size and hash."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class LocalData:
    """A file or a folder.

    Attributes:
        path: Where it is.
        is_folder: Whether it is a folder.
        files: The files in the order of their names.
    """

    path: Path
    is_folder: bool
    files: Sequence[LocalFile]

    @property
    def digest(self) -> str:
        """Hash of names and contents."""
        lines = (f"{one.name}\0{one.digest}\n" for one in self.files)
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    def place_of(self, file: LocalFile) -> Path:
        """Where a file is."""
        return self.path / file.name if self.is_folder else self.path


def read(path: Path, doing: str) -> LocalData:
    """Read a file or a folder; the ignore file of a folder says what does not belong to it.

    Raises:
        DataPathError: It does not exist, has no files, or a name that no storage account accepts.
    """
    if path.is_file():
        return LocalData(path, is_folder=False, files=[_read(path, path.name)])
    if not path.is_dir():
        raise DataPathError(f"{doing}: '{path}' does not exist.")
    names = sorted(_names(path))
    if not names:
        raise DataPathError(f"{doing}: folder '{path}' has no files{_ignored_by(path)}.")
    if wrong := next((one for one in names if not _is_text(one)), None):
        raise DataPathError(f"{doing}: the name {wrong!r} is not valid UTF-8 or has a backslash. Rename the file.")
    return LocalData(path, is_folder=True, files=[_read(path / name, name) for name in names])


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return "\\" not in name and all(ord(one) >= ord(" ") for one in name)


def _read(path: Path, name: str) -> LocalFile:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as content:
        while piece := content.read(_PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
    return LocalFile(name, size, digest.hexdigest())


def _names(folder: Path) -> Iterator[str]:
    """Names of the files; links out of the folder and to folders do not belong to it."""
    ignored, root = _ignored(folder), folder.resolve()
    for place, folders, files in os.walk(folder):
        here = PurePosixPath(Path(place).relative_to(folder).as_posix())
        folders[:] = sorted(one for one in folders if not ignored.match_file(f"{here / one}/"))
        for one in files:
            path, shown = Path(place) / one, str(here / one)
            if path.is_file() and path.resolve().is_relative_to(root) and not ignored.match_file(shown):
                yield shown


def _ignored(folder: Path) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - only for an upload

    chosen = _ignore_file(folder)
    return GitIgnoreSpec.from_lines(chosen.read_text(encoding="utf-8", errors="replace").splitlines() if chosen else [])


def _ignore_file(folder: Path) -> Path | None:
    return next((folder / name for name in IGNORE_FILES if (folder / name).is_file()), None)


def _ignored_by(folder: Path) -> str:
    chosen = _ignore_file(folder)
    return f" that '{chosen}' does not exclude" if chosen else ""
