"""Finished tools in the cache: complete or absent.

A tool's folder is named after its version and the hash of its recipe. It is filled under a temporary name and renamed
when complete, so a tool whose folder exists is complete. A run that is killed leaves at most a temporary folder, which
the next run removes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.host import folders

UNFINISHED = ".unfinished-"
DISCARDED = ".discarded-"
"""Prefix of folders of the cache that are removed in the background."""

HASH_LENGTH = 12


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """One tool in one version, made by one recipe."""

    name: str
    version: str
    recipe: str
    """Hash of everything that decides what the tool is made of."""
    files: tuple[str, ...]
    """The programs in it."""

    @property
    def folder(self) -> Path:
        """The folder of the finished tool."""
        return folders.tools() / f"{self.name}-{self.version}-{self.recipe}"

    def is_present(self) -> bool:
        """Whether all programs of the tool are there and executable."""
        return all(os.access(self.folder / name, os.X_OK) for name in self.files)


def recipe_hash(root: Path, files: Iterable[Path], facts: object = "") -> str:
    """Hash the names (below a root) and contents of files, and facts that are not in files; independent of order."""
    digest = hashlib.sha256(repr(facts).encode())
    for path in sorted(files):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"\0{path.relative_to(root).as_posix()}\0{content}".encode())
    return digest.hexdigest()[:HASH_LENGTH]


@contextmanager
def publish(artefact: Artefact) -> Iterator[Path]:
    """Provide a folder to fill; it becomes the finished tool when the block succeeds."""
    parent = folders.private_folder(folders.tools())
    unfinished = parent / f"{UNFINISHED}{os.getpid()}-{artefact.name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        yield unfinished
        for name in artefact.files:
            (unfinished / name).chmod(0o755)
        # A folder from which programs were deleted would block the rename.
        shutil.rmtree(artefact.folder, ignore_errors=True)
        unfinished.rename(artefact.folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def sweep() -> None:
    """Remove what killed runs left; only while holding the lock."""
    for leftover in folders.tools().glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # The compiler's temporary folders, gigabytes after a kill; its finished results are in its cache.
    shutil.rmtree(folders.build() / "tmp", ignore_errors=True)


def link(name: str, target: Path, folder: Path) -> None:
    """Point a link at a program, atomically: the link is never missing."""
    unfinished = folder / f"{UNFINISHED}{os.getpid()}-{name}"
    unfinished.unlink(missing_ok=True)
    unfinished.symlink_to(target)
    unfinished.replace(folder / name)
