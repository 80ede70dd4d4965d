from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.bootstrap import cpp_compiler, system_packages
from tools.bootstrap.bootstrap_errors import BootstrapError


def install(folder: Path, *, libraries: Sequence[str]) -> None:
    """A compiler that has some static libraries."""
    (folder / "gcc").write_text("#!/bin/sh\n")
    cases = "".join(f"-print-file-name={name}) echo /usr/lib/{name};; " for name in libraries)
    (folder / "g++").write_text(f'#!/bin/sh\ncase "$1" in {cases}*) echo "${{1#*=}}";; esac\n')
    for name in ("gcc", "g++"):
        (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty; packages cannot be installed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for variable in ("CC", "CXX"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(system_packages, "can_install", lambda: False)
    return folder


def test_a_complete_compiler_is_used(path: Path) -> None:
    install(path, libraries=cpp_compiler.LIBRARIES)
    cpp_compiler.ensure(doing="building")


def test_without_a_compiler_the_message_names_the_packages(path: Path) -> None:
    with pytest.raises(BootstrapError, match=r"building: the command 'gcc' was not found.*apt-get install g\+\+"):
        cpp_compiler.ensure(doing="building")


def test_a_compiler_without_a_static_library_is_reported(path: Path) -> None:
    install(path, libraries=["libc.a"])
    with pytest.raises(BootstrapError, match=r"has no libstdc\+\+\.a\. .*dnf install gcc-c\+\+ glibc-static"):
        cpp_compiler.ensure(doing="building")


def test_where_packages_can_be_installed_the_compiler_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def apt_get(packages: Sequence[str], *, doing: str) -> None:
        asked.extend(packages)
        install(path, libraries=cpp_compiler.LIBRARIES)

    monkeypatch.setattr(system_packages, "can_install", lambda: True)
    monkeypatch.setattr(system_packages, "install", apt_get)
    cpp_compiler.ensure(doing="building")
    assert asked == ["g++"]


def test_the_compiler_of_the_environment_is_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(path, libraries=cpp_compiler.LIBRARIES)
    monkeypatch.setenv("CC", "clang -O1")
    with pytest.raises(BootstrapError, match="the command 'clang' was not found"):
        cpp_compiler.ensure(doing="building")
