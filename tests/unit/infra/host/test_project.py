"""Which project a command works on, and what it says outside of one."""

from pathlib import Path

import pytest

from infra.errors import ProjectNotFoundError, UnknownStackError
from infra.host import environment, folders, project


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "stacks").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: ml-workspace\nruntime: python\n")
    (folder / "stacks" / "Pulumi.dev.yaml").touch()
    return folder


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code from a wheel, without a project next to it."""
    monkeypatch.setattr(folders, "repo", lambda: tmp_path / "site-packages")
    monkeypatch.chdir(tmp_path)


def test_the_project_is_the_working_directory_or_above_it(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout / "stacks")
    assert project.root() == checkout


def test_elsewhere_it_is_the_checkout_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: somebody-elses\n")
    monkeypatch.chdir(tmp_path)
    assert project.root() == folders.repo()


def test_a_deleted_working_directory_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert project.root() == folders.repo()


@pytest.mark.usefixtures("installed")
def test_outside_a_project_one_message_names_the_missing_file(tmp_path: Path) -> None:
    message = rf"neither '{tmp_path}' nor a parent folder has a Pulumi.yaml with 'name: ml-workspace'. Change to"
    with pytest.raises(ProjectNotFoundError, match=message):
        project.require_stack_file("dev")
    assert project.configured_stacks() == []


@pytest.mark.usefixtures("installed")
def test_installed_code_outside_of_any_project_names_no_policy_pack_and_its_own_programs() -> None:
    added = environment.additions({})
    assert "PULUMI_OPTION_POLICY_PACK" not in added
    assert str(folders.venv()) in added["PATH"]
    assert (folders.venv() / "bin").is_dir()


@pytest.mark.usefixtures("installed")
def test_installed_code_checks_with_the_policy_pack_of_the_project_it_works_on(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    assert environment.additions({})["PULUMI_OPTION_POLICY_PACK"] == str(checkout / "policies")


def test_a_stack_without_a_file_is_rejected_with_the_existing_ones(checkout: Path) -> None:
    assert project.require_stack_file("dev", checkout) == checkout / "stacks" / "Pulumi.dev.yaml"
    with pytest.raises(UnknownStackError, match=r"no file 'Pulumi.prod.yaml' in .*/stacks'. Stacks: dev\."):
        project.require_stack_file("prod", checkout)
