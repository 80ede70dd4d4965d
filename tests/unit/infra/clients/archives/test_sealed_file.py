"""A changed, truncated or reordered archive is rejected; a wrong passphrase has its own error."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.clients.archives import sealed_file
from infra.clients.archives.sealed_file import CHUNK, DIGEST, TAG, SealedReader, SealedWriter
from infra.errors import ArchiveError, ArchivePassphraseError

PASSPHRASE = "correct horse"
SEALED_CHUNK = CHUNK + TAG


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sealed_file._SCRYPT, "n", 1 << 10)


def write(path: Path, plain: bytes, passphrase: str = PASSPHRASE) -> bytes:
    with path.open("wb") as file:
        writer = SealedWriter(file, passphrase)
        for piece in (plain[:10], plain[10:]):
            writer.write(piece)
        writer.finish()
    return path.read_bytes()


def read(path: Path, passphrase: str = PASSPHRASE) -> bytes:
    reader = SealedReader(path, passphrase)
    try:
        return b"".join(reader.chunks())
    finally:
        reader.close()


@pytest.mark.parametrize("size", [0, 1, 10, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5])
def test_written_content_is_read_back(tmp_path: Path, size: int) -> None:
    plain = bytes(number % 251 for number in range(size))

    sealed = write(tmp_path / "a", plain)

    assert read(tmp_path / "a") == plain
    assert plain[:40] not in sealed or size < 10


def test_two_files_of_the_same_content_have_nothing_in_common(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a", b"x" * 100), write(tmp_path / "b", b"x" * 100)

    assert one[-100:] != other[-100:]


def test_a_wrong_passphrase_is_distinguished_from_damage(tmp_path: Path) -> None:
    write(tmp_path / "a", b"content")

    with pytest.raises(ArchivePassphraseError, match="another passphrase"):
        read(tmp_path / "a", "wrong")


def without_end(sealed: bytes) -> bytes:
    return sealed[:-1]


def without_last_chunk(sealed: bytes) -> bytes:
    return sealed[: -(DIGEST + TAG + 5)]


def with_its_digest(content: bytes) -> bytes:
    """Anyone can compute the digest at the end."""
    return content + hashlib.sha256(content).digest()


def cut_between_chunks(sealed: bytes) -> bytes:
    header = len(sealed) - (2 * SEALED_CHUNK + 5 + TAG + DIGEST)
    return with_its_digest(sealed[: header + SEALED_CHUNK])


def exchanged_chunks(sealed: bytes) -> bytes:
    header = len(sealed) - (2 * SEALED_CHUNK + 5 + TAG + DIGEST)
    first, second = sealed[header : header + SEALED_CHUNK], sealed[header + SEALED_CHUNK : header + 2 * SEALED_CHUNK]
    return with_its_digest(sealed[:header] + second + first + sealed[header + 2 * SEALED_CHUNK : -DIGEST])


def with_more(sealed: bytes) -> bytes:
    return sealed + b"x"


def with_a_bit_flipped(place: float) -> Callable[[bytes], bytes]:
    def flip(sealed: bytes) -> bytes:
        changed = bytearray(sealed)
        changed[int(place * (len(sealed) - 1))] ^= 1
        return bytes(changed)

    return flip


@pytest.mark.parametrize(
    "damage",
    [
        without_end,
        without_last_chunk,
        cut_between_chunks,
        exchanged_chunks,
        with_more,
        *(with_a_bit_flipped(place) for place in (0.00001, 0.00003, 0.0001, 0.4, 0.8, 0.99999, 1)),
        lambda _: b"",
        lambda sealed: sealed[:30],
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    sealed = write(tmp_path / "a", bytes(2 * CHUNK + 5))
    (tmp_path / "a").write_bytes(damage(sealed))

    with pytest.raises(ArchiveError, match=r"damaged|does not begin") as refused:
        read(tmp_path / "a")

    assert not isinstance(refused.value, ArchivePassphraseError)


def test_another_file_is_reported_as_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("config:\n")

    with pytest.raises(ArchiveError, match="it is not an archive"):
        read(tmp_path / "a")


def test_a_missing_file_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="No such file"):
        read(tmp_path / "a")


def test_a_header_that_asks_for_all_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a", b"content")
    monkeypatch.setattr(sealed_file, "_LARGEST_N", 1 << 9)

    with pytest.raises(ArchiveError, match="unknown to this version"):
        read(tmp_path / "a")


def test_the_digest_is_that_of_the_file_without_its_end() -> None:
    file = io.BytesIO()
    file.fileno = lambda: 0  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        digest = SealedWriter(file, PASSPHRASE).finish()

    assert hashlib.sha256(file.getvalue()[:-DIGEST]).hexdigest() == digest
