"""Files from npm are no condition of a workspace."""

import shutil
from pathlib import Path

import pytest

from infra.errors import HostError
from infra.host import folders, npm_packages
from infra.host.npm_packages import NpmFiles
from tools.bootstrap import npm_files, steps, system_packages
from tools.bootstrap.bootstrap_errors import BootstrapError


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Programs on the PATH."""
    found = {"npm", "chromium"}
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in found else None)
    return found


def fail(_wanted: NpmFiles) -> Path:
    raise HostError("no network")


def fetch(wanted: NpmFiles) -> Path:
    wanted.folder.mkdir(parents=True)
    return wanted.folder


def test_a_machine_without_npm_has_nothing_to_do(programs: set[str]) -> None:
    assert not npm_files.studio_is_settled()
    programs.discard("npm")
    assert npm_files.studio_is_settled()


def test_what_cannot_be_fetched_is_left_to_the_studio(
    programs: set[str], lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npm_packages, "ensure", fail)

    assert npm_files.ensure_studio(lines.append) == "left to the first start of `mlw studio`: no network"
    assert npm_files.studio_is_settled()


def test_what_was_fetched_is_there(programs: set[str], lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npm_packages, "ensure", fetch)

    assert npm_files.ensure_studio(lines.append) == "fetched"
    assert npm_files.studio_is_settled()


def test_only_tests_install_a_browser() -> None:
    assert "browser" not in {step.group for step in steps.all_steps()}
    assert [step.group for step in steps.of_group("browser")] == ["browser"]


def test_a_missing_browser_is_installed_with_what_it_needs(
    programs: set[str], lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.clear()
    installed: list[str] = []
    monkeypatch.setattr(system_packages, "can_install", lambda: True)
    monkeypatch.setattr(system_packages, "install", lambda packages, doing: installed.extend(packages))  # noqa: ARG005
    monkeypatch.setattr(npm_packages, "ensure", fetch)

    assert not npm_files.browser_is_present()
    assert npm_files.ensure_browser(lines.append) == "installed"
    assert installed == ["chromium", "npm"]
    assert len(list(folders.tools().iterdir())) == 2


def test_who_cannot_install_packages_is_told_what_is_missing(
    programs: set[str], lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.discard("chromium")
    monkeypatch.setattr(system_packages, "can_install", lambda: False)

    with pytest.raises(BootstrapError, match=r"chromium not found. Install it, .*apt-get install chromium$"):
        npm_files.ensure_browser(lines.append)
