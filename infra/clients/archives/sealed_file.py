"""An encrypted file that is written and read as a stream: nothing in it can be read, changed, cut or reordered.

Layout::

    magic (8) | length of the header (4) | header (JSON) | SHA-256 of all that (32)
    chunk | chunk | ... | last chunk                            AES-256-GCM, 16 bytes longer than its plain text
    SHA-256 of everything before (32)

The key is made from a passphrase by scrypt, with a salt of the file's own, so that a counter serves as nonce. A chunk
is bound to its number, to whether it is the last one, and to the header. The header's digest tells a wrong passphrase
from a damaged file; the last digest can be checked by anybody (all but the last 32 bytes, by `sha256sum`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.errors import ArchiveError, ArchivePassphraseError

MAGIC = b"MLWARCH\x01"
CHUNK = 1 << 20
"""Plain text of a chunk, in bytes; the last one may have less."""

TAG, DIGEST = 16, 32
_SCRYPT = {"n": 1 << 17, "r": 8, "p": 1}
"""128 MiB and half a second for each guess."""

_LARGEST_HEADER, _LARGEST_N, _MEMORY = 4096, 1 << 20, 1 << 31


class SealedWriter:
    """Encrypts what is written to it into a file.

    Args:
        file: New, open for writing.
        passphrase: What opens it again.
    """

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        self._file, self._digest, self._plain, self._number = file, hashlib.sha256(), bytearray(), 0
        salt = secrets.token_bytes(16)
        key, check = _keys(passphrase, salt, _SCRYPT)
        about = json.dumps({"kdf": "scrypt", **_SCRYPT, "salt": salt.hex(), "check": check, "chunk": CHUNK}).encode()
        header = MAGIC + len(about).to_bytes(4) + about
        self._cipher, self._header = AESGCM(key), hashlib.sha256(header).digest()
        self._put(header + self._header)

    @property
    def size(self) -> int:
        """Bytes written to the file so far."""
        return self._file.tell()

    def write(self, data: bytes) -> None:
        """Add plain text."""
        self._plain += data
        # The last chunk is told from the others, so one is kept back until more is there.
        while len(self._plain) > CHUNK:
            self._seal(bytes(self._plain[:CHUNK]), last=False)
            del self._plain[:CHUNK]

    def finish(self) -> str:
        """Write the last chunk and the digest, and flush all of it to the disk.

        Returns:
            The digest, hexadecimal.
        """
        self._seal(bytes(self._plain), last=True)
        digest = self._digest.digest()
        self._put(digest)
        self._file.flush()
        os.fsync(self._file.fileno())
        return digest.hex()

    def _seal(self, plain: bytes, *, last: bool) -> None:
        self._put(self._cipher.encrypt(_nonce(self._number, last=last), plain, self._header))
        self._number += 1

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


class SealedReader:
    """Decrypts a file that a :class:`SealedWriter` has finished.

    Args:
        path: The file.
        passphrase: What it was written with.

    Raises:
        ArchiveError: It cannot be read, is no such file, or its header is damaged.
        ArchivePassphraseError: It was written with another passphrase.
    """

    def __init__(self, path: Path, passphrase: str) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as exc:
            raise ArchiveError(f"reading the archive '{path}': {exc.strerror}. Give the file of a backup.") from exc
        try:
            self._end = self._file.seek(0, os.SEEK_END) - DIGEST
            self._file.seek(0)
            self._open(passphrase)
        except BaseException:
            self._file.close()
            raise

    def _open(self, passphrase: str) -> None:
        start = self._file.read(len(MAGIC) + 4)
        if not start.startswith(MAGIC):
            raise ArchiveError(
                f"reading the archive '{self._path}': it does not begin as one that `mlw backup` has written. Give the "
                "file of a backup."
            )
        length = min(int.from_bytes(start[len(MAGIC) :]), _LARGEST_HEADER)
        header = start + self._file.read(length)
        self._header = hashlib.sha256(header).digest()
        if self._file.read(DIGEST) != self._header:
            raise self._damaged("its header is not what was written")
        about = json.loads(header[len(start) :])
        if about["kdf"] != "scrypt" or about["n"] > _LARGEST_N or about["chunk"] != CHUNK:
            raise self._damaged("its header is of a form that this version does not know")
        key, check = _keys(passphrase, bytes.fromhex(about["salt"]), {name: about[name] for name in _SCRYPT})
        if not hmac.compare_digest(check, about["check"]):
            raise ArchivePassphraseError(
                f"opening the archive '{self._path}': it was written with another passphrase. Nothing was changed. "
                "Give the passphrase of the backup."
            )
        self._cipher, self._digest = AESGCM(key), hashlib.sha256(header + self._header)

    @property
    def size(self) -> int:
        """Size of the file in bytes."""
        return self._end + DIGEST

    @property
    def position(self) -> int:
        """Bytes of the file that have been read."""
        return self._file.tell()

    def chunks(self) -> Iterator[bytes]:
        """The plain text.

        Raises:
            ArchiveError: The file is damaged or not whole.
        """
        number, last = 0, False
        while not last:
            here = self._file.tell()
            last = self._end - here <= CHUNK + TAG
            sealed = self._file.read(min(CHUNK + TAG, max(self._end - here, 0)))
            try:
                plain = self._cipher.decrypt(_nonce(number, last=last), sealed, self._header)
            except (InvalidTag, ValueError) as exc:
                raise self._damaged(
                    f"what stands at byte {here} is not what was written, or its end is missing"
                ) from exc
            self._digest.update(sealed)
            yield plain
            number += 1
        if self._file.read(DIGEST + 1) != self._digest.digest():
            raise self._damaged("its checksum is not that of its content")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _damaged(self, found: str) -> ArchiveError:
        return ArchiveError(
            f"reading the archive '{self._path}': it is damaged: {found}. Nothing was changed. Use another copy of the "
            "archive."
        )


def _keys(passphrase: str, salt: bytes, cost: dict[str, Any]) -> tuple[bytes, str]:
    """The key, and what tells whether a passphrase is right without giving the key away."""
    made = hashlib.scrypt(passphrase.encode(), salt=salt, maxmem=_MEMORY - 1, dklen=64, **cost)
    return made[:32], hashlib.sha256(made[32:]).hexdigest()[:32]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])
