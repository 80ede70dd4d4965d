import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.bootstrap import child_processes
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.python_images import wheels


def wheel(folder: Path, name: str, files: Mapping[str, str]) -> Path:
    """A wheel with text files; those called `run` are executable."""
    path = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            entry = zipfile.ZipInfo(file)
            entry.external_attr = (0o755 if file.endswith("run") else 0o644) << 16
            archive.writestr(entry, text)
    return path


def below(folder: Path) -> dict[str, str]:
    return {file.relative_to(folder).as_posix(): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_files_go_where_an_installation_would_put_them(tmp_path: Path) -> None:
    one = wheel(
        tmp_path,
        "one",
        {
            "one/__init__.py": "a",
            "one/run": "b",
            "one-1.data/purelib/extra.py": "c",
            "one-1.data/platlib/lib.so": "d",
            "one-1.data/data/share/one.txt": "e",
            "one-1.data/scripts/one": "#!python",
            "one-1.data/headers/one.h": "f",
            "one-1.dist-info/METADATA": "g",
        },
    )

    wheels.unpack([one], tmp_path / "tree", left_out=())

    packages = tmp_path / "tree" / wheels.PACKAGES
    assert below(packages) == {
        "one/__init__.py": "a",
        "one/run": "b",
        "extra.py": "c",
        "lib.so": "d",
        "one-1.dist-info/METADATA": "g",
    }
    assert (tmp_path / "tree/usr/local/share/one.txt").read_text() == "e"
    assert len(below(tmp_path / "tree")) == 6
    assert [bool((packages / name).stat().st_mode & 0o100) for name in ("one/run", "extra.py")] == [True, False]


def test_patterns_leave_files_out(tmp_path: Path) -> None:
    one = wheel(tmp_path, "one", {"one/a.py": "", "one/tests/b.py": "", "one-1.data/purelib/two/tests/c.py": ""})

    wheels.unpack([one], tmp_path / "tree", left_out=("*/tests/*",))

    assert below(tmp_path / "tree" / wheels.PACKAGES) == {"one/a.py": ""}


def test_a_file_of_two_wheels_with_the_same_content_is_accepted(tmp_path: Path) -> None:
    both = [wheel(tmp_path, name, {"google/__init__.py": "same"}) for name in ("one", "two")]

    wheels.unpack(both, tmp_path / "tree", left_out=())

    assert below(tmp_path / "tree" / wheels.PACKAGES) == {"google/__init__.py": "same"}


def test_a_file_of_two_wheels_with_different_content_is_rejected(tmp_path: Path) -> None:
    both = [wheel(tmp_path, name, {"tools/__init__.py": name}) for name in ("one", "two")]

    with pytest.raises(BootstrapError, match=r"one-1-.*whl and two-1-.*whl have different .*/tools/__init__\.py'"):
        wheels.unpack(both, tmp_path / "tree", left_out=())

    wheels.unpack(both, tmp_path / "other", left_out=("tools/*",))
    assert below(tmp_path / "other") == {}


@pytest.mark.parametrize("name", ["../outside", "/outside", "one/../../outside"])
def test_a_file_name_outside_of_the_folder_is_rejected(tmp_path: Path, name: str) -> None:
    with pytest.raises(BootstrapError, match="is outside of the folder of packages"):
        wheels.unpack([wheel(tmp_path, "one", {name: ""})], tmp_path / "tree", left_out=())


def test_only_wheels_with_a_pinned_hash_for_the_images_python_are_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(child_processes, "run", lambda command, **_: commands.append([str(word) for word in command]))
    monkeypatch.setattr("infra.host.folders.repo", lambda: tmp_path)

    wheels.download(tmp_path / "requirements.lock", tmp_path, machine="x86_64")

    (command,) = commands
    assert {"--require-hashes", "--no-deps", "--only-binary", "manylinux_2_36_x86_64"} <= set(command)
    assert command[command.index("--python-version") + 1] == "3.11"
    assert not [word for word in command if "://" in word]
