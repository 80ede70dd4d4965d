"""Every test here works on its own folders, never on the user's state, cache or engine."""

import os
from pathlib import Path

import pytest

from tools.bootstrap import downloads


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLW_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr(downloads, "_silent", set())


@pytest.fixture
def lines() -> list[str]:
    """The messages to the user; its `append` is a `Report`."""
    return []


@pytest.fixture
def path_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder first on PATH, for fake programs; empty at first."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder
