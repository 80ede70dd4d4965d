"""Atomic files: a reader, or a run after a kill, finds either the old or the new content."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.host.folders import PRIVATE

PRIVATE_FILE = 0o600


@contextmanager
def replacing(path: Path, *, durable: bool = False, by_way_of: Path | None = None) -> Iterator[Path]:
    """Yield the path of a new file, which replaces the old one unless an error occurs.

    Args:
        path: The file.
        durable: Sync the file to disk, so that it survives a power loss.
        by_way_of: Folder of the temporary file, on the same file system; by default the file's own folder.
    """
    with _unfinished(path, by_way_of) as unfinished:
        yield unfinished
        if durable:
            flush(unfinished)
        unfinished.replace(path)
    if durable:
        flush(path.parent)


def write(
    path: Path, content: str | bytes, *, mode: int = PRIVATE_FILE, durable: bool = False, by_way_of: Path | None = None
) -> None:
    """Write a file, and create its folders; by default only the owner has access to both.

    Args:
        path: The file.
        content: Text or bytes.
        mode: Permissions of the file, less the umask.
        durable: Sync the file to disk.
        by_way_of: See :func:`replacing`.
    """
    path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    with replacing(path, durable=durable, by_way_of=by_way_of) as unfinished:
        _create(unfinished, content, mode)


def write_once(path: Path, content: str | bytes) -> bool:
    """Write a private file durably, unless it exists: the first of several writers wins.

    Returns:
        Whether it was written.
    """
    written = False
    with _unfinished(path) as unfinished:
        _create(unfinished, content, PRIVATE_FILE)
        flush(unfinished)
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, path)
            written = True
    flush(path.parent)
    return written


def flush(path: Path) -> None:
    """Sync a file or a folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _unfinished(path: Path, folder: Path | None = None) -> Iterator[Path]:
    # The name is unique per process; a killed process with the same id may have left the file behind.
    unfinished = (folder or path.parent) / f".{path.name}.{os.getpid()}.tmp"
    unfinished.unlink(missing_ok=True)
    try:
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)


def _create(path: Path, content: str | bytes, mode: int) -> None:
    data = content.encode() if isinstance(content, str) else content
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123
        file.write(data)
