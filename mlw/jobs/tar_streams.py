"""Tar streams to and from the engine, one piece at a time; no file is held in memory."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from mlw.jobs.ports import SourceFile

_NOBODY = 65534
"""Owner of files that the command can only read."""


def packed(files: Iterable[SourceFile], *, below: str = "", at: float | None = None) -> Iterator[bytes]:
    """Pack files, and the folders above them.

    Args:
        files: What is packed.
        below: A folder that they are in, which is not packed itself; nor are those above it.
        at: Time of all of them, in seconds since 1970; by default now.
    """
    now = time.time() if at is None else at
    folders = {".", below, *map(str, PurePosixPath(below).parents)}
    for given in files:
        one = replace(given, name=str(PurePosixPath(below) / given.name))
        for folder in reversed(PurePosixPath(one.name).parents):
            if str(folder) not in folders:
                folders.add(str(folder))
                yield _header(SourceFile(name=str(folder), is_folder=True, is_read_only=one.is_read_only), now)
        if one.is_folder and one.name in folders:
            continue
        if one.is_folder:
            folders.add(one.name)
        yield _header(one, now)
        if not one.is_folder:
            yield from _content(one)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(one: SourceFile, now: float) -> bytes:
    entry = tarfile.TarInfo(one.name)
    entry.mtime, entry.size = int(now), one.size
    entry.type = tarfile.DIRTYPE if one.is_folder else tarfile.REGTYPE
    entry.mode = 0o755 if one.is_folder else one.mode
    entry.uid = entry.gid = one.owner
    if one.is_read_only:
        entry.uid = entry.gid = _NOBODY
        entry.mode = 0o555 if one.is_folder else 0o444
    return entry.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _content(one: SourceFile) -> Iterator[bytes]:
    written = 0
    for piece in one.content:
        written += len(piece)
        yield piece
    if written != one.size:
        raise OSError(f"'{one.name}' has {written} bytes instead of {one.size}: it changed while it was read")
    if rest := written % tarfile.BLOCKSIZE:
        yield bytes(tarfile.BLOCKSIZE - rest)


class ChunkReader(io.RawIOBase):
    """A file to read from chunks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self._chunks = iter(chunks)
        self._rest = b""

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read up to as many bytes; fewer at the end only."""
        pieces, wanted = [self._rest], size - len(self._rest)
        while size < 0 or wanted > 0:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            pieces.append(chunk)
            wanted -= len(chunk)
        found = b"".join(pieces)
        self._rest = found[size:] if size >= 0 else b""
        return found[:size] if size >= 0 else found
