"""A layer of an image from a folder: a tar archive that depends on names and content of the files alone.

Times, owners and order are fixed. A file keeps only whether it can be executed, so no layer has a program with set-user
bits.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

TIME = 946684800
"""Of every file: 2000-01-01. Zero would be older than zip archives allow."""


def write(
    tree: Path, out: Path, *, modes: Mapping[str, int] | None = None, owned: Mapping[str, str] | None = None
) -> None:
    """Write everything below a folder as a layer.

    Args:
        tree: The folder; it becomes the image's root.
        out: The archive.
        modes: Modes of folders that are not 755, by path.
        owned: `uid:gid` of paths that do not belong to root.
    """
    with tarfile.open(out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(tree.rglob("*"), key=lambda one: one.relative_to(tree).as_posix()):
            name = path.relative_to(tree).as_posix()
            entry = _entry(path, name)
            entry.mode = (modes or {}).get(name, entry.mode)
            user, _, group = (owned or {}).get(name, "0:0").partition(":")
            entry.uid, entry.gid = int(user), int(group)
            if entry.isreg():
                with path.open("rb") as content:
                    archive.addfile(entry, content)
            else:
                archive.addfile(entry)


def _entry(path: Path, name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.mtime = TIME
    if path.is_symlink():
        entry.type, entry.mode, entry.linkname = tarfile.SYMTYPE, 0o777, str(path.readlink())
    elif path.is_dir():
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
    else:
        found = path.stat()
        entry.size, entry.mode = found.st_size, 0o755 if found.st_mode & 0o100 else 0o644
    return entry


def unpack(layers: Iterable[Path], tree: Path) -> None:
    """Unpack layers of ours into a folder, to run a program of them."""
    for layer in layers:
        with tarfile.open(layer) as archive:
            # Absolute links are right in an image; newer versions of Python refuse to unpack them by default.
            archive.extraction_filter = _unchanged
            archive.extractall(tree)  # noqa: S202 - made by this project


def _unchanged(member: tarfile.TarInfo, _: str) -> tarfile.TarInfo:
    return member


def interpreter_command(root: Path, program: str = "usr/bin/python3.11") -> list[str | Path]:
    """The command that runs the interpreter of an unpacked image on this machine, with the image's own C library.

    Raises:
        FileNotFoundError: The image has no C library.
    """
    loaders = sorted(root.glob("usr/lib/*-linux-gnu/ld-linux-*.so.*"))
    if not loaders:
        raise FileNotFoundError(f"'{root}' has no C library")
    return [loaders[0], "--library-path", loaders[0].parent, root / program]


def digest(layer: Path) -> str:
    """The digest by which an image names a layer."""
    with layer.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
