"""Files that come from elsewhere, placed below a folder: never outside of it, complete or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from infra.errors import MlWorkspaceError


class TargetFileError(MlWorkspaceError):
    """A file cannot be placed where it belongs."""


def is_inside(name: str) -> bool:
    """Whether a name with slashes leads to a file below the folder that it is relative to."""
    steps = name.split("/")
    return all(step not in {"", ".", ".."} for step in steps) and not {"\\", "\0"} & set(name)


def target_of(folder: Path, name: str, doing: str, *, overwrites: bool) -> Path:
    """Where a file is placed.

    Raises:
        TargetFileError: Its name leads out of the folder, or there is a file already.
    """
    if not is_inside(name):
        raise TargetFileError(f"{doing}: the name {name!r} leads out of the folder; nothing was written for it.")
    target = folder / PurePosixPath(name)
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise TargetFileError(f"{doing}: '{target.parent}' is a link out of '{folder}'. Choose another folder.")
    if target.is_symlink() or (target.exists() and not (overwrites and target.is_file())):
        raise TargetFileError(
            f"{doing}: '{target}' exists. Choose another folder with --download-path, or replace files with "
            "--overwrite."
        )
    return target


@contextmanager
def writing(target: Path) -> Iterator[IO[bytes]]:
    """Open a file that gets its name when everything is written; after an error there is none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".mlw-", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as content:
            yield content
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
