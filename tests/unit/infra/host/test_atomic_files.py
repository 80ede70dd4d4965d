"""Files appear complete or not at all, readable by their owner only, and leave nothing unfinished."""

import os
import stat
from pathlib import Path

import pytest

from infra.host import atomic_files


def test_a_file_is_private_with_any_umask(tmp_path: Path) -> None:
    """Before the fix, claims and Pulumi's lock were written with the umask's permissions."""
    before = os.umask(0)
    try:
        atomic_files.write(tmp_path / "folder" / "file", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "folder" / "file").stat().st_mode) == 0o600


@pytest.mark.parametrize("durable", [False, True], ids=["in the cache", "on the disk"])
@pytest.mark.parametrize("content", ["ümlaut", b"\0bytes"], ids=["text", "bytes"])
def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path, content: str | bytes, durable: bool) -> None:  # noqa: FBT001
    path = tmp_path / "file"
    path.write_text("old")
    atomic_files.write(path, content, durable=durable)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write_half() -> None:
        with atomic_files.replacing(path) as unfinished:
            unfinished.write_text("half")
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_of_a_killed_process_with_the_same_id_do_not_interfere(tmp_path: Path) -> None:
    """In a container, process ids repeat with every start."""
    with atomic_files.replacing(tmp_path / "file") as unfinished:
        unfinished.write_text("new")
        left_over = unfinished
    left_over.write_text("half")
    atomic_files.write(tmp_path / "file", "newer")
    assert (tmp_path / "file").read_text() == "newer"
    assert not left_over.exists()


def test_an_unfinished_file_may_be_in_another_folder(tmp_path: Path) -> None:
    """Pulumi treats every file in its lock folder as a lock."""
    target = tmp_path / "locks" / "one.json"
    target.parent.mkdir()
    with atomic_files.replacing(target, by_way_of=tmp_path) as unfinished:
        unfinished.write_text("{}")
        assert list(target.parent.iterdir()) == []
    assert target.read_text() == "{}"


def test_the_first_of_several_writers_wins(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    atomic_files.write_once(path, "theirs")
    atomic_files.write_once(path, "ours")
    assert path.read_text() == "theirs"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
