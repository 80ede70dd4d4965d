"""An encrypted file, written and read as a stream, that cannot be read, changed, truncated or reordered undetected.

Layout::

    magic (8) | length of the header (4) | header (JSON) | SHA-256 of all that (32)
    chunk | chunk | ... | last chunk                            AES-256-GCM, 16 bytes longer than its plain text
    SHA-256 of everything before (32)

The key is derived from a passphrase with scrypt and a salt per file, so a counter is a safe nonce. Each chunk is bound
to its number, to whether it is the last one, and to the header. The header's digest distinguishes a wrong passphrase
from a damaged file; the final digest can be verified without the passphrase (`sha256sum` of all but the last 32 bytes).
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
"""Plain text of a chunk, in bytes; the last chunk may be shorter."""

TAG, DIGEST = 16, 32
_SCRYPT = {"n": 1 << 17, "r": 8, "p": 1}
"""128 MiB and half a second per guess."""

_LARGEST_HEADER, _LARGEST_N, _MEMORY = 4096, 1 << 20, 1 << 31


class SealedWriter:
    """Encrypts data to a file.

    Args:
        file: A new file, open for writing.
        passphrase: The passphrase that decrypts it.
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
        # The last chunk is marked, so keep one back until more data arrives.
        while len(self._plain) > CHUNK:
            self._seal(bytes(self._plain[:CHUNK]), last=False)
            del self._plain[:CHUNK]

    def finish(self) -> str:
        """Write the last chunk and the digest, and sync the file to disk.

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
    """Decrypts a file written by :class:`SealedWriter`.

    Args:
        path: The file.
        passphrase: The passphrase it was written with.

    Raises:
        ArchiveError: The file cannot be read, is not an archive, or has a damaged header.
        ArchivePassphraseError: It was written with another passphrase.
    """

    def __init__(self, path: Path, passphrase: str) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as exc:
            raise ArchiveError(
                f"reading the archive '{path}': {exc.strerror}. Specify a file written by `mlw backup`."
            ) from exc
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
                f"reading the archive '{self._path}': it is not an archive. Specify a file written by `mlw backup`."
            )
        length = min(int.from_bytes(start[len(MAGIC) :]), _LARGEST_HEADER)
        header = start + self._file.read(length)
        self._header = hashlib.sha256(header).digest()
        if self._file.read(DIGEST) != self._header:
            raise self._damaged("the checksum of its header does not match")
        about = json.loads(header[len(start) :])
        if about["kdf"] != "scrypt" or about["n"] > _LARGEST_N or about["chunk"] != CHUNK:
            raise self._damaged("the format of its header is unknown to this version")
        key, check = _keys(passphrase, bytes.fromhex(about["salt"]), {name: about[name] for name in _SCRYPT})
        if not hmac.compare_digest(check, about["check"]):
            raise ArchivePassphraseError(
                f"opening the archive '{self._path}': it was written with another passphrase. Nothing was changed. "
                "Use the passphrase of the backup."
            )
        self._cipher, self._digest = AESGCM(key), hashlib.sha256(header + self._header)

    @property
    def size(self) -> int:
        """Size of the file in bytes."""
        return self._end + DIGEST

    @property
    def position(self) -> int:
        """Number of bytes read so far."""
        return self._file.tell()

    def chunks(self) -> Iterator[bytes]:
        """Read the plain text.

        Raises:
            ArchiveError: The file is damaged or truncated.
        """
        number, last = 0, False
        while not last:
            here = self._file.tell()
            last = self._end - here <= CHUNK + TAG
            sealed = self._file.read(min(CHUNK + TAG, max(self._end - here, 0)))
            try:
                plain = self._cipher.decrypt(_nonce(number, last=last), sealed, self._header)
            except (InvalidTag, ValueError) as exc:
                raise self._damaged(f"the data at byte {here} was changed, or the file is truncated") from exc
            self._digest.update(sealed)
            yield plain
            number += 1
        if self._file.read(DIGEST + 1) != self._digest.digest():
            raise self._damaged("its checksum does not match its content")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _damaged(self, found: str) -> ArchiveError:
        return ArchiveError(
            f"reading the archive '{self._path}': it is damaged: {found}. Nothing was changed. Use another copy of the "
            "archive."
        )


def _keys(passphrase: str, salt: bytes, cost: dict[str, Any]) -> tuple[bytes, str]:
    """Derive the key, and a check value that verifies a passphrase without revealing the key."""
    made = hashlib.scrypt(passphrase.encode(), salt=salt, maxmem=_MEMORY - 1, dklen=64, **cost)
    return made[:32], hashlib.sha256(made[32:]).hexdigest()[:32]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])
