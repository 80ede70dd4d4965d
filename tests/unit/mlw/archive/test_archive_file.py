"""The file of an archive: written next to its destination until complete, private, never another file replaced."""

from pathlib import Path

import pytest

from infra.clients.archives.sealed_file import MAGIC
from infra.errors import ArchiveError
from mlw.archive import archive_file


def test_a_whole_file_takes_its_place_and_is_private(tmp_path: Path) -> None:
    target = tmp_path / "a.mlw"

    with archive_file.writing(target) as file:
        file.write(b"content")
        assert not target.exists()

    assert target.read_bytes() == b"content"
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("*a.mlw*")] == ["a.mlw"]


def test_a_failure_leaves_the_older_archive_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.mlw"
    target.write_bytes(MAGIC + b"old")

    with pytest.raises(TypeError, match="bytes"), archive_file.writing(target) as file:
        file.write("no bytes")  # type: ignore[call-overload]

    assert target.read_bytes() == MAGIC + b"old"
    assert [path.name for path in tmp_path.glob("*a.mlw*")] == ["a.mlw"]


def test_what_a_killed_command_has_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".a.mlw.unfinished").write_bytes(b"much more than the new content")

    with archive_file.writing(tmp_path / "a.mlw") as file:
        file.write(b"new")

    assert (tmp_path / "a.mlw").read_bytes() == b"new"


def test_two_commands_do_not_write_the_same_archive(tmp_path: Path) -> None:
    target = tmp_path / "a.mlw"

    with archive_file.writing(target) as file:
        with pytest.raises(ArchiveError, match="another command is writing it"), archive_file.writing(target):
            pass
        file.write(b"first")

    assert target.read_bytes() == b"first"


def test_a_file_that_is_no_archive_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(ArchiveError, match="is not an archive"):
        archive_file.check_target(tmp_path / "thesis.txt")


@pytest.mark.parametrize("target", ["/dev/null", "/nowhere/at/all/a.mlw", "/proc/version/a.mlw"])
def test_a_place_for_no_file_is_refused(target: str) -> None:
    with pytest.raises(ArchiveError, match="writing the archive"):
        archive_file.check_target(Path(target))


def test_an_archive_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.mlw").write_bytes(MAGIC + b"old")

    archive_file.check_target(tmp_path / "a.mlw")
    archive_file.check_target(tmp_path / "new.mlw")
