import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.host import folders
from tools.bootstrap import child_processes, python_env, system_packages
from tools.bootstrap.bootstrap_errors import BootstrapError


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "requirements.lock").write_text("a==1 --hash=sha256:0\n")
    (repo / "pyproject.toml").write_text("[project]\n")
    monkeypatch.setattr(folders, "repo", lambda: repo)
    return repo


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Command lines of started programs; creating an environment creates its interpreter."""
    seen: list[str] = []

    def run(command: Sequence[object], **_: object) -> str:
        seen.append(" ".join(map(str, command[1:])))
        if "venv" in command:
            python = folders.venv() / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)
        return ""

    monkeypatch.setattr(child_processes, "run", run)
    return seen


@pytest.mark.usefixtures("checkout")
def test_a_new_environment_gets_locked_packages_and_the_project(calls: list[str], lines: list[str]) -> None:
    assert not python_env.is_present()
    assert python_env.ensure(lines.append) == "made"
    assert python_env.is_present()
    assert "-m venv" in calls[0]
    assert "--require-hashes --no-deps --requirement" in calls[1]
    assert "--no-deps --no-build-isolation --config-settings editable_mode=compat --editable" in calls[2]


@pytest.mark.usefixtures("checkout", "calls")
def test_the_environment_s_python_begins_with_what_shortens_each_start(lines: list[str]) -> None:
    python_env.ensure(lines.append)
    (start,) = folders.venv().glob("lib/python3*/site-packages/*.pth")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{start.read_text()}\nimport sys; print(sys.meta_path[0]); print('infra' in sys.modules)",
        ],
        cwd=start.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    # Any other line of such a file is taken for a folder.
    assert start.read_text().startswith("import ")
    assert done.stdout.startswith(f"<{start.stem}.PostponingFinder")
    # A process that had the package already would not take that of the project that it runs.
    assert done.stdout.endswith("\nFalse\n")


def test_another_lock_makes_the_environment_anew(checkout: Path, calls: list[str], lines: list[str]) -> None:
    python_env.ensure(lines.append)
    leftover = checkout / ".venv" / "leftover"
    leftover.touch()
    (checkout / "requirements.lock").write_text("a==2 --hash=sha256:0\n")
    assert not python_env.is_present()
    python_env.ensure(lines.append)
    assert not leftover.exists()
    assert len(calls) == 6


def test_another_project_file_only_installs_the_project_again(
    checkout: Path, calls: list[str], lines: list[str]
) -> None:
    python_env.ensure(lines.append)
    (checkout / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert not python_env.is_present()
    assert python_env.ensure(lines.append) == "project installed"
    assert python_env.is_present()
    assert len(calls) == 4


@pytest.mark.usefixtures("checkout")
def test_an_environment_without_our_stamp_is_made_anew(calls: list[str], lines: list[str]) -> None:
    (folders.venv() / "bin").mkdir(parents=True)
    python_env.ensure(lines.append)
    assert "-m venv" in calls[0]


@pytest.mark.usefixtures("checkout", "calls")
def test_a_failure_half_way_leaves_no_stamp(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> None:
    def fail(*_: str) -> None:
        raise BootstrapError("no network")

    monkeypatch.setattr(python_env, "_pip", fail)
    with pytest.raises(BootstrapError, match="no network"):
        python_env.ensure(lines.append)
    assert not python_env.is_present()


@pytest.mark.usefixtures("checkout", "calls")
def test_an_environment_whose_interpreter_is_gone_is_not_there(lines: list[str]) -> None:
    python_env.ensure(lines.append)
    python = folders.venv() / "bin" / "python"
    python.unlink()
    python.symlink_to("/gone")
    assert not python_env.is_present()
    assert python_env.ensure(lines.append) == "made"
    assert python_env.is_present()


@pytest.mark.usefixtures("checkout", "calls")
def test_a_broken_stamp_counts_as_none(lines: list[str]) -> None:
    python_env.ensure(lines.append)
    for text in ("{", json.dumps(["list"])):
        (folders.venv() / python_env.STAMP).write_text(text)
        assert not python_env.is_present()


def test_a_checkout_without_a_lock_is_named(checkout: Path) -> None:
    (checkout / "requirements.lock").unlink()
    with pytest.raises(BootstrapError, match=r"requirements\.lock.*complete checkout"):
        python_env.wanted_stamp()


@pytest.mark.usefixtures("checkout", "calls")
def test_a_python_without_venv_module_says_what_to_install(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(system_packages, "can_install", lambda: False)
    with pytest.raises(BootstrapError, match=r"no module 'ensurepip'.*apt-get install python3\.\d+-venv"):
        python_env.ensure(lines.append)


def test_the_interpreter_for_a_new_environment_lies_outside_the_old_one() -> None:
    assert sys.prefix != sys.base_prefix
    assert python_env.base_python().is_relative_to(sys.base_prefix)
    assert python_env.base_python().exists()


def test_the_lock_names_no_package_index() -> None:
    lock = (folders.repo() / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--index" not in lock
    assert "--hash=sha256:" in lock


@pytest.mark.usefixtures("calls")
def test_a_link_to_another_environment_is_replaced_and_the_other_one_kept(
    checkout: Path, tmp_path: Path, lines: list[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept").touch()
    (checkout / ".venv").symlink_to(other)

    assert python_env.ensure(lines.append) == "made"

    assert not folders.venv().is_symlink()
    assert (other / "kept").exists()
