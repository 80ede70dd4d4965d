"""Every test here has a project, a state backend and an environment of its own: never the user's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.building import Place


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An empty project as the working directory, and an empty backend."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("PULUMI_", "DOCKER_"))]:
        del os.environ[name]
    os.environ["MLW_HOME"] = str(tmp_path / "home")
    os.environ["MLW_CACHE"] = str(tmp_path / "cache")
    made = Place(project=tmp_path / "project", state=tmp_path / "home" / "state")
    made.prepare()
    monkeypatch.chdir(made.project)
    mask = os.umask(0o022)
    yield made
    # The commands set variables for their children, as they may: they are the process.
    os.umask(mask)
    os.environ.clear()
    os.environ.update(before)
