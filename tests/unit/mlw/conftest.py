"""Every test here has a project, a state backend and an environment of its own: never the user's."""

import os
from pathlib import Path

import pytest

from infra.host import environment, folders
from tests.unit.states import PASSPHRASE, Place


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty project as the working directory, an empty backend, and the environment that a command works in."""
    for name in [name for name in os.environ if name.startswith(("PULUMI_", "DOCKER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MLW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLW_CACHE", str(tmp_path / "cache"))
    made = Place(project=tmp_path / "project", state=tmp_path / "home" / "state")
    made.prepare()
    monkeypatch.chdir(made.project)
    for name, value in environment.additions().items():
        monkeypatch.setenv(name, value)
    folders.passphrase().write_text(f"{PASSPHRASE}\n")
    return made
