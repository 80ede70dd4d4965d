"""Every test here has a project, a state backend and an environment of its own: never the user's."""

import os
from pathlib import Path

import pytest

from tests.unit.mlw.workspace_samples import Place


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty project as the working directory, and an empty backend."""
    for name in [name for name in os.environ if name.startswith(("PULUMI_", "DOCKER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MLW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLW_CACHE", str(tmp_path / "cache"))
    made = Place(project=tmp_path / "project", state=tmp_path / "home" / "state")
    made.prepare()
    monkeypatch.chdir(made.project)
    return made
