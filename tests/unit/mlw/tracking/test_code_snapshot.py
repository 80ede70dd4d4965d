"""Snapshots of folders: what belongs to them, their hash, and the ZIP file."""

import os
import zipfile
from pathlib import Path

import pytest

from mlw.tracking import code_snapshot
from mlw.tracking.code_snapshot import CodeSnapshotError, take


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "code"
    folder.mkdir()
    return folder


def write(folder: Path, *names: str, content: str = "x") -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


def names_in(folder: Path) -> list[str]:
    return [one.name for one in take(folder).files]


def test_the_hash_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", "train.py", "lib/x.py"), write(tmp_path / "b", "lib/x.py", "train.py")
    os.utime(second / "train.py", (0, 0))
    same = take(first).hash == take(second).hash

    (second / "lib" / "x.py").write_text("y", encoding="utf-8")
    changed = take(second).hash
    (first / "lib" / "x.py").rename(first / "lib" / "z.py")

    assert same
    assert len({changed, take(first).hash, take(write(tmp_path / "c", "train.py", "lib/x.py")).hash}) == 3


def test_amlignore_is_used_instead_of_gitignore(code: Path) -> None:
    write(code, "train.py", "data/big.csv", "logs/a.log", "keep.log")
    write(code, ".gitignore", content="*.log\n")
    with_git = names_in(code)
    write(code, ".amlignore", content="data/\n")

    assert with_git == [".gitignore", "data/big.csv", "train.py"]
    assert names_in(code) == [".amlignore", ".gitignore", "keep.log", "logs/a.log", "train.py"]


def test_secrets_and_caches_are_left_out_unless_the_ignore_file_keeps_them(code: Path) -> None:
    write(code, "train.py", ".env", ".env.local", "tls.key", "ca.pem", ".git/config", "__pycache__/a.pyc", "id_rsa")
    by_default = names_in(code)
    write(code, ".amlignore", content="!ca.pem\n")

    assert by_default == ["train.py"]
    assert names_in(code) == [".amlignore", "ca.pem", "train.py"]


def test_links_out_of_the_folder_and_special_files_are_left_out(tmp_path: Path) -> None:
    folder = write(tmp_path / "code", "train.py")
    write(tmp_path, "secret.txt")
    (folder / "out").symlink_to(tmp_path / "secret.txt")
    (folder / "away").symlink_to(tmp_path)
    (folder / "twin.py").symlink_to("train.py")
    (folder / "nowhere").symlink_to("missing")
    os.mkfifo(folder / "pipe")

    assert names_in(folder) == ["train.py", "twin.py"]


def test_too_many_files_are_an_error_that_says_what_to_do(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_snapshot, "MAXIMUM_FILES", 3)
    write(code, "a", "b", "c")
    take(code)
    write(code, "d")

    with pytest.raises(CodeSnapshotError, match=r"more than 3 files or 300 MiB.*\.amlignore.*--no-snapshot"):
        take(code)


def test_too_much_content_is_an_error_before_it_is_read(code: Path) -> None:
    with (code / "big").open("wb") as file:
        file.truncate((code_snapshot.MAXIMUM_MIB << 20) + 1)

    with pytest.raises(CodeSnapshotError, match="more than 2000 files or 300 MiB"):
        take(code)


def test_the_archive_has_the_files_with_their_executable_bit(tmp_path: Path) -> None:
    folder = write(tmp_path / "code", "train.py", "run.sh", "ü/ä b.txt")
    (folder / "run.sh").chmod(0o755)

    take(folder).write(tmp_path / "x.zip")

    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        modes = {one.filename: oct(one.external_attr >> 16 & 0o777) for one in archive.infolist()}
        assert modes == {"run.sh": "0o755", "train.py": "0o644", "ü/ä b.txt": "0o644"}
        assert archive.read("train.py") == b"x"


def test_a_file_that_changes_meanwhile_is_an_error(tmp_path: Path) -> None:
    folder = write(tmp_path / "code", "train.py")
    taken = take(folder)
    write(folder, "train.py", content="other")

    with pytest.raises(CodeSnapshotError, match=r"'train\.py' changed while it was read"):
        taken.write(tmp_path / "x.zip")


def test_a_single_file_is_code_without_what_lies_next_to_it(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print(1)")
    (tmp_path / "other.py").write_text("print(2)")

    assert [one.name for one in take(tmp_path / "train.py").files] == ["train.py"]
