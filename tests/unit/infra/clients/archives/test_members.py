"""Members are restored with their names and contents; each has its own checksum."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.clients.archives import members, sealed_file
from infra.clients.archives.members import BLOCK, MemberReader, MemberWriter
from infra.clients.archives.sealed_file import SealedReader, SealedWriter
from infra.errors import ArchiveError

NOISE = os.urandom(BLOCK + 7)
CONTENTS = {"empty": [], "text": [b"a", b"b" * 3000], "blocks": [b"z" * (2 * BLOCK + 1)], "noise": [NOISE, NOISE]}


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sealed_file._SCRYPT, "n", 1 << 10)


def write(path: Path) -> None:
    with path.open("wb") as file:
        writer = MemberWriter(SealedWriter(file, "p"))
        for name, content in CONTENTS.items():
            writer.add(name, content)
        writer.finish()


@contextmanager
def reading(path: Path) -> Iterator[MemberReader]:
    source = SealedReader(path, "p")
    try:
        yield MemberReader(source)
    finally:
        source.close()


def test_members_are_read_in_their_order(tmp_path: Path) -> None:
    write(tmp_path / "a")

    with reading(tmp_path / "a") as reader:
        read = {name: b"".join(content) for name, content in reader.members()}

    assert list(read) == list(CONTENTS)
    assert read == {name: b"".join(content) for name, content in CONTENTS.items()}


def test_unread_members_are_skipped_and_checked(tmp_path: Path) -> None:
    write(tmp_path / "a")

    with reading(tmp_path / "a") as reader:
        assert [name for name, _ in reader.members()] == list(CONTENTS)


def test_only_compressible_data_is_compressed(tmp_path: Path) -> None:
    write(tmp_path / "a")

    size = (tmp_path / "a").stat().st_size

    assert 2 * len(NOISE) < size < 2 * len(NOISE) + BLOCK // 4


def test_a_member_whose_content_differs_from_its_checksum_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "_packed", lambda block: b"p" + block.replace(b"a", b"x"))
    write(tmp_path / "a")

    with reading(tmp_path / "a") as reader, pytest.raises(ArchiveError, match="checksum of 'text'"):
        list(reader.members())
