"""Packages of other processes are installed once, complete or not at all."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import HostError
from infra.host import folders
from infra.host.package_folders import AZURE_ML, SEARCH, PackageFolder


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An interpreter whose pip makes the folder behind `--target`, and writes down how it was called."""
    monkeypatch.setenv("MLW_CACHE", str(tmp_path / "cache"))
    program = tmp_path / "python"
    make = 'while [ "$1" != --target ]; do shift; done; mkdir "$2"; touch "$2/azure"'
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n{make}\n[ ! -e {tmp_path}/broken ] || exit 1\n')
    program.chmod(0o755)
    return program


def test_the_packages_of_the_lock_are_installed_once(python: Path, tmp_path: Path) -> None:
    lines: list[str] = []

    with ThreadPoolExecutor(3) as pool:
        found = set(pool.map(lambda _: AZURE_ML.ensure(lines.append, python=python), range(3)))

    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert found == {AZURE_ML.folder}
    assert [one.name for one in AZURE_ML.folder.iterdir()] == ["azure"]
    assert "--require-hashes --no-deps" in call
    assert f"--requirement {folders.repo() / AZURE_ML.lock}" in call
    assert "installing what reads Azure's YAML (once, about 10 seconds)" in lines


def test_what_pip_could_not_install_is_not_there(python: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()

    with pytest.raises(HostError, match=r"pip could not install mlw/azure_files/requirements.lock"):
        AZURE_ML.ensure(python=python)

    assert not AZURE_ML.is_present
    assert not list(folders.tools().glob(".unfinished-*"))


def test_what_a_killed_process_left_is_removed(python: Path) -> None:
    left = folders.private_folder(folders.tools()) / f".unfinished-1-{AZURE_ML.folder.name}"
    left.mkdir()

    AZURE_ML.ensure(python=python)

    assert [one.name for one in folders.tools().iterdir() if one.is_dir()] == [AZURE_ML.folder.name]


def test_a_full_disk_is_said_before_anything_is_downloaded(python: Path, tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"MiB of disk space are needed.*MLW_CACHE"):
        replace(AZURE_ML, needed_bytes=1 << 60).ensure(python=python)

    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize("packages_of", [AZURE_ML, SEARCH], ids=lambda one: one.name)
def test_the_lock_names_no_registry_and_pins_every_file(packages_of: PackageFolder) -> None:
    lines = (folders.repo() / packages_of.lock).read_text().splitlines()
    packages = [number for number, line in enumerate(lines) if "==" in line]

    assert not [line for line in lines if "://" in line]
    assert [lines[number] for number in packages if "--hash=sha256:" not in lines[number + 1]] == []
