"""Other versions of Python: brought by `mvn` when they are needed, only what was tested with, otherwise a warning."""

import hashlib
import platform
import zipfile
from pathlib import Path

import pytest

from infra.clients.registry.image_upload import LayerFile
from mlw.environments import interpreters, planning, python_compiling
from mlw.environments.interpreters import InterpreterMissingError

PYTHON_312 = {"image": "python:3.12"}
ABOVE = "org/bytedeco/cpython/linux-x86_64"
LIBRARY = "lib/python3.12"
KEPT = ["bin/python3.12", "libpython3.12.so.1.0", "libffi.so.7", f"{LIBRARY}/os.py", f"{LIBRARY}/lib-dynload/_ssl.so"]
LEFT_OUT = ["bin/pip3", "include/Python.h", f"{LIBRARY}/test/a.py", f"{LIBRARY}/lib-dynload/_testcapi.so"]
FAKE = """#!/bin/sh
for one in "$@"; do case "$one" in -Dmaven.repo.local=*) folder=${one#*=};; esac; done
/bin/mkdir -p "$folder"; /bin/cp "{jar}" "$folder/cpython-{version}-linux-x86_64.jar"
"""


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    """What the repository has."""
    with zipfile.ZipFile(tmp_path / "python.jar", "w") as archive:
        for name in (*KEPT, *LEFT_OUT):
            archive.writestr(f"{ABOVE}/{name}", name)
    return tmp_path / "python.jar"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, jar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with an empty cache, a `mvn` that has this file, and a table that names it."""
    wanted = {"version": "3.12.1-x", "sha256": hashlib.sha256(jar.read_bytes()).hexdigest()}
    table = {**interpreters._table(), "versions": {"3.12": wanted}}
    monkeypatch.setattr(interpreters, "_table", lambda: table)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(python_compiling, "compile_trees", lambda *_, **__: None)
    monkeypatch.setenv("MLW_CACHE", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    client = tmp_path / "bin" / "mvn"
    client.write_text(FAKE.replace("{jar}", str(jar)).replace("{version}", wanted["version"]))
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def provided(tmp_path: Path) -> interpreters.Interpreter:
    found = interpreters.provide("3.12", tmp_path, list[str]().append)
    assert found is not None
    return found


def test_a_version_is_brought_once_with_what_a_job_needs(tmp_path: Path, jar: Path) -> None:
    first = provided(tmp_path)
    jar.unlink()

    assert provided(tmp_path) == first
    files = sorted(str(one.relative_to(first.root)) for one in first.root.rglob("*") if not one.is_dir())
    assert files == [
        "usr/local/bin/python",
        "usr/local/bin/python3",
        "usr/local/bin/python3.12",
        "usr/local/lib/libpython3.12.so.1.0",
        "usr/local/lib/python3.12/lib-dynload/_ssl.so",
        "usr/local/lib/python3.12/lib-dynload/libffi.so.7",
        "usr/local/lib/python3.12/os.py",
    ]
    assert isinstance(first.layer, LayerFile)
    assert first.layer.path.stat().st_size == first.layer.size


def test_the_version_of_the_base_image_is_not_brought(tmp_path: Path) -> None:
    assert interpreters.provide("3.11", tmp_path, list[str]().append) is None


def test_another_file_than_the_tested_one_is_not_used_and_not_asked_for_again_at_once(
    tmp_path: Path, jar: Path
) -> None:
    jar.write_bytes(b"something else")

    with pytest.raises(InterpreterMissingError, match=r"not the file .* was tested with \(another SHA-256\)"):
        provided(tmp_path)
    assert interpreters.versions() == ()
    assert [one.name for one in (tmp_path / "cache/environments/interpreters").iterdir() if one.is_dir()] == []


def test_what_the_client_says_is_told(tmp_path: Path) -> None:
    (tmp_path / "bin" / "mvn").write_text("#!/bin/sh\necho '[ERROR] no route to host' >&2; exit 1\n")

    with pytest.raises(InterpreterMissingError, match=r"bringing Python 3.12: \[ERROR\] no route to host"):
        provided(tmp_path)


def test_an_environment_gets_the_version_that_it_asks_for_and_can_do_without() -> None:
    plan = planning.plan(PYTHON_312)

    assert (plan.python, [one for one in plan.notices if "warning" in one]) == ("3.12", [])
    assert plan.fallback is not None
    assert (plan.fallback.python, plan.fallback.fallback) == ("3.11", None)
    assert "Python 3.11 replaces Python 3.12" in plan.fallback.notices[-1]


def test_without_the_client_it_gets_the_base_images(tmp_path: Path) -> None:
    (tmp_path / "bin" / "mvn").unlink()

    plan = planning.plan(PYTHON_312)

    assert (plan.python, plan.fallback) == ("3.11", None)
    assert "Python 3.11 replaces Python 3.12" in plan.notices[-1]
