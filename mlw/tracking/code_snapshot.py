"""A snapshot of a folder with code: which files belong to it, its hash, and the ZIP file.

The hash is that of names, contents and the executable bit, so the same code is stored once, whoever runs it and when.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from infra.errors import MlWorkspaceError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

MAXIMUM_FILES, MAXIMUM_MIB = 2000, 300
"""Azure's limits."""

IGNORE_FILES = (".amlignore", ".gitignore")
"""The first one that exists is used, as in Azure."""

LEFT_OUT = (
    ".git/", "__pycache__/", ".ipynb_checkpoints/", ".venv/",
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", ".netrc", ".pypirc", ".aws/", ".ssh/", ".azure/",
    "id_rsa", "id_ecdsa", "id_ed25519",
)  # fmt: skip
"""Never needed to run the code again, or usual names of secrets. A line `!NAME` of the ignore file keeps NAME."""

_ENTRY_TIME = (1980, 1, 1, 0, 0, 0)
_PIECE_BYTES = 1 << 20


class CodeSnapshotError(MlWorkspaceError):
    """A folder cannot be stored as a snapshot, or a snapshot is damaged."""


class CodeSnapshotForbiddenError(CodeSnapshotError):
    """The keys do not allow to read a snapshot."""


@dataclass(frozen=True, slots=True)
class CodeFile:
    """One file: its name below the folder with slashes, and the hash of its content."""

    name: str
    digest: str
    is_executable: bool


@dataclass(frozen=True, slots=True)
class CodeSnapshot:
    """The files of a folder, in the order of their names."""

    folder: Path
    files: Sequence[CodeFile]

    @property
    def hash(self) -> str:
        """Hash of everything in it."""
        lines = (f"{one.name}\0{one.digest}\0{int(one.is_executable)}\n" for one in self.files)
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    def write(self, archive: Path) -> None:
        """Write the ZIP file.

        Raises:
            CodeSnapshotError: A file has changed since it was read.
        """
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
            for one in self.files:
                info = zipfile.ZipInfo(one.name, _ENTRY_TIME)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = (stat.S_IFREG | (0o755 if one.is_executable else 0o644)) << 16
                digest = hashlib.sha256()
                with (self.folder / one.name).open("rb") as content, made.open(info, "w", force_zip64=True) as entry:
                    while piece := content.read(_PIECE_BYTES):
                        digest.update(piece)
                        entry.write(piece)
                if digest.hexdigest() != one.digest:
                    raise CodeSnapshotError(
                        f"storing a snapshot of '{self.folder}': '{one.name}' changed while it was read. Run it again."
                    )


def take(folder: Path) -> CodeSnapshot:
    """Read a folder, or a single file.

    Raises:
        CodeSnapshotError: It has too many files, or too much content.
    """
    if folder.is_file():
        return CodeSnapshot(folder.parent, [read_file(folder.parent, folder.name)])
    names: list[str] = []
    size = 0
    for name in _files(folder):
        names.append(name)
        size += (folder / name).stat().st_size
        if len(names) > MAXIMUM_FILES or size > MAXIMUM_MIB << 20:
            raise CodeSnapshotError(
                f"storing a snapshot of '{folder}': more than {MAXIMUM_FILES} files or {MAXIMUM_MIB} MiB, Azure's "
                f"limits. List what the code does not need in '{folder / IGNORE_FILES[0]}' (the syntax of .gitignore), "
                "choose another folder with --code FOLDER, or none with --no-snapshot."
            )
    return CodeSnapshot(folder, [read_file(folder, name) for name in sorted(names)])


def read_file(folder: Path, name: str) -> CodeFile:
    """Read one file of a folder."""
    path, digest = folder / name, hashlib.sha256()
    with path.open("rb") as content:
        while piece := content.read(_PIECE_BYTES):
            digest.update(piece)
    return CodeFile(name, digest.hexdigest(), bool(path.stat().st_mode & stat.S_IXUSR))


def _files(folder: Path) -> Iterator[str]:
    """Names of the files that belong to the snapshot; links out of the folder and to folders do not."""
    ignored, root = _ignored(folder), folder.resolve()
    for place, folders, files in os.walk(folder):
        here = PurePosixPath(Path(place).relative_to(folder).as_posix())
        folders[:] = sorted(name for name in folders if not ignored.match_file(f"{here / name}/"))
        for name in sorted(files):
            path, shown = Path(place) / name, str(here / name)
            if path.is_file() and path.resolve().is_relative_to(root) and not ignored.match_file(shown):
                yield shown


def _ignored(folder: Path) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - only for a snapshot

    chosen = next((folder / name for name in IGNORE_FILES if (folder / name).is_file()), None)
    lines = chosen.read_text(encoding="utf-8", errors="replace").splitlines() if chosen else []
    return GitIgnoreSpec.from_lines([*LEFT_OUT, *lines])
