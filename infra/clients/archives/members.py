"""Members of an archive: named streams of unknown length, each with its own digest, compressed if that saves space.

Inside the encryption::

    N <name>  then blocks (length, form, data)  then an empty block, size and SHA-256      for each member
    E <list of all members with sizes and digests>                                         at the end
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from infra.clients.archives.sealed_file import SealedReader, SealedWriter
from infra.errors import ArchiveError

BLOCK = 1 << 20
"""Largest block, before it is compressed; in bytes."""

_LEVEL = 1
"""Compression level; most of an archive is encrypted objects and zeros."""

_SAMPLE = 1 << 14
"""Bytes of a block that are compressed as a trial: compressing encrypted data takes longer than everything else."""

_MEMBER, _END = b"N", b"E"
_PLAIN, _ZLIB = b"p", b"z"


@dataclass(frozen=True, slots=True)
class Member:
    """One member, as in the list at the end.

    Attributes:
        name: E.g. ``volumes/stchurn-storage-data1``.
        size: Size of its content in bytes.
        sha256: SHA-256 of its content, hexadecimal.
    """

    name: str
    size: int
    sha256: str


class MemberWriter:
    """Writes members to a sealed file."""

    def __init__(self, target: SealedWriter) -> None:
        self._target, self._members = target, list[Member]()

    def add(self, name: str, content: Iterable[bytes]) -> Member:
        """Write one member; its content is streamed."""
        self._target.write(_MEMBER)
        self._frame(name.encode())
        digest, size = hashlib.sha256(), 0
        for piece in content:
            digest.update(piece)
            size += len(piece)
            for start in range(0, len(piece), BLOCK):
                self._frame(_packed(piece[start : start + BLOCK]))
        member = Member(name, size, digest.hexdigest())
        self._frame(b"")
        self._frame(json.dumps(asdict(member)).encode())
        self._members.append(member)
        return member

    def finish(self) -> str:
        """Write the list of all members.

        Returns:
            SHA-256 of the file, hexadecimal.
        """
        self._target.write(_END)
        self._frame(json.dumps([asdict(member) for member in self._members]).encode())
        return self._target.finish()

    def _frame(self, data: bytes) -> None:
        self._target.write(len(data).to_bytes(4) + data)


class MemberReader:
    """Reads the members of a sealed file in order; damaged data raises :class:`ArchiveError`."""

    def __init__(self, source: SealedReader) -> None:
        self._chunks, self._buffer, self._at = source.chunks(), b"", 0

    def members(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Name and content of each member; unread content is verified and skipped."""
        seen: list[Member] = []
        while (sign := self._take(1)) == _MEMBER:
            name = self._frame().decode()
            content = self._content(name, seen)
            yield name, content
            for _ in content:
                pass
        if sign != _END or json.loads(self._frame()) != [asdict(member) for member in seen]:
            raise ArchiveError("reading the archive: its list of members does not match its content. Use another copy.")
        for _ in self._chunks:
            pass

    def _content(self, name: str, seen: list[Member]) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        while block := self._frame():
            piece = zlib.decompress(block[1:]) if block.startswith(_ZLIB) else block[1:]
            digest.update(piece)
            size += len(piece)
            yield piece
        found = Member(name, size, digest.hexdigest())
        if json.loads(self._frame()) != asdict(found):
            raise ArchiveError(
                f"reading the archive: the checksum of '{name}' does not match its content. Use another copy."
            )
        seen.append(found)

    def _frame(self) -> bytes:
        return self._take(int.from_bytes(self._take(4)))

    def _take(self, count: int) -> bytes:
        while len(self._buffer) - self._at < count:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise ArchiveError("reading the archive: it ends in the middle of a member. Use another copy.")
            self._buffer, self._at = self._buffer[self._at :] + chunk, 0
        self._at += count
        return self._buffer[self._at - count : self._at]


def _packed(block: bytes) -> bytes:
    middle = len(block) // 2
    sample = block[:_SAMPLE] + block[middle : middle + _SAMPLE]
    if len(zlib.compress(sample, _LEVEL)) > len(sample) * 0.9:
        return _PLAIN + block
    return _ZLIB + zlib.compress(block, _LEVEL)
