"""Archives of distributions: each has its own files, whatever it is installed together with."""

import base64
import hashlib
import tarfile
import zipfile
from pathlib import Path

import pytest

from mlw.environments import package_archives, python_compiling
from mlw.environments.package_archives import Distribution, Workplace
from mlw.environments.package_resolution import Target

PREFIX = "./usr/local/lib/python3.11/dist-packages"
SHARED = {"both/__init__.py": b"", "both/code.py": b"VALUE = 1\n"}


def _wheel(folder: Path, name: str, files: dict[str, bytes]) -> Distribution:
    """Write a wheel; return its row of a resolved list."""
    info = f"{name}-1.0.dist-info"
    content = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={_record_hash(data)},{len(data)}" for path, data in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]).encode()
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in content.items():
            archive.writestr(path, data)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return Distribution(name=name, version="1.0", row=f"{name}==1.0 --hash=sha256:{digest}")


def _record_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    monkeypatch.setenv("MLW_CACHE", str(tmp_path))
    monkeypatch.setattr(python_compiling, "compile_trees", lambda *_, **__: None)
    (tmp_path / "wheels").mkdir()
    (tmp_path / "build").mkdir()
    return Workplace(
        target=Target(python="3.11", machine="x86_64"),
        base="base",
        root=tmp_path,
        interpreter=tmp_path,
        folder=tmp_path / "build",
        options=["--no-index", f"--find-links={tmp_path / 'wheels'}"],
        log=lambda _: None,
    )


def _names(path: Path) -> set[str]:
    with tarfile.open(path) as archive:
        return {one.name for one in archive.getmembers() if one.isfile()}


def test_distributions_that_share_files_have_all_of_theirs(place: Workplace, tmp_path: Path) -> None:
    whole = _wheel(tmp_path / "wheels", "whole", {**SHARED, "both/more.py": b""})
    small = _wheel(tmp_path / "wheels", "small", SHARED)
    other = _wheel(tmp_path / "wheels", "other", {"other.py": b""})

    made = {name: _names(one.path) for name, one in package_archives.provide([whole, small, other], place).items()}

    for name, files in (("whole", {*SHARED, "both/more.py"}), ("small", set(SHARED)), ("other", {"other.py"})):
        assert {f"{PREFIX}/{path}".removeprefix("./") for path in files} <= {
            found.removeprefix("./") for found in made[name]
        }


def test_a_script_starts_with_the_interpreter_of_the_image(place: Workplace, tmp_path: Path) -> None:
    script = {"tool-1.0.data/scripts/tool": b"#!python\nprint(1)\n"}
    tool = _wheel(tmp_path / "wheels", "tool", script)

    made = package_archives.provide([tool], place)["tool"]

    with tarfile.open(made.path) as archive:
        (member,) = (one for one in archive.getmembers() if one.name.endswith("bin/tool"))
        content = archive.extractfile(member)
        assert content is not None
        assert (content.read(), member.mode & 0o777) == (b"#!/usr/bin/python3.11\nprint(1)\n", 0o755)
