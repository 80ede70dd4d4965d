from pathlib import Path

import pytest

from tests.support.environment import copy_project, outer_variables


def test_variables_of_another_backend_do_not_reach_the_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///home/user/state")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "theirs")
    monkeypatch.setenv("MLW_HOME", "/home/user")
    monkeypatch.setenv("MLW_CACHE", "/home/user/cache")

    variables = outer_variables(tmp_path)

    assert not [name for name in variables if name.startswith("PULUMI_")]
    assert variables["MLW_HOME"] == str(tmp_path)
    assert variables["MLW_CACHE"] == "/home/user/cache"


def test_copy_of_the_project_has_the_program_and_no_stack_of_the_user(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")

    assert (project / "infra" / "images.toml").is_file()
    assert [path.name for path in (project / "stacks").iterdir()] == ["rates.yaml"]
    assert (project / ".venv").is_symlink()
