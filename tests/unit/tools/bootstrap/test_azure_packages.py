"""Packages that read Azure's YAML are no condition of a workspace."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.errors import HostError
from infra.host.package_folders import PackageFolder
from tools.bootstrap import azure_packages, steps


def fail(_self: PackageFolder, _report: Callable[[str], None], *, python: Path) -> Path:
    raise HostError("no network")


def test_what_cannot_be_installed_is_left_to_the_first_command(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PackageFolder, "ensure", fail)

    assert not azure_packages.is_settled()
    assert azure_packages.ensure(lines.append) == "left to the first command that needs it: no network"
    assert azure_packages.is_settled()


def test_it_is_installed_with_the_environment_of_the_checkout(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Path] = []
    monkeypatch.setattr(PackageFolder, "ensure", lambda _self, _report, *, python: used.append(python))

    assert azure_packages.ensure(lines.append) == "installed"
    assert [one.parts[-3:] for one in used] == [(".venv", "bin", "python")]
    assert [step.group for step in steps.of_group("azure")] == ["python", "azure"]
