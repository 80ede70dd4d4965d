"""Where a stack's things live, and what is refused before anything is touched."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import HostError, UnknownStackError
from mlw.lifecycle import stack_context as contexts
from mlw.lifecycle.lifecycle_errors import LifecycleError
from tests.unit.states import a_context


def test_files_follow_the_file_backends_layout(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    state = context.home / "state" / ".pulumi"
    assert context.state_file == state / "stacks" / "ml-workspace" / "dev.json"
    assert context.pulumi_locks == state / "locks" / "organization" / "ml-workspace" / "dev"
    assert context.history == state / "history" / "ml-workspace" / "dev"
    assert context.backups == state / "backups" / "ml-workspace" / "dev"


def test_a_backend_that_is_no_folder_has_no_files(tmp_path: Path) -> None:
    context = replace(a_context(tmp_path), environment={"PULUMI_BACKEND_URL": "s3://bucket/state"})
    assert (context.backend_folder, context.state_file) == (None, None)


def test_two_backends_share_neither_locks_nor_copies(tmp_path: Path) -> None:
    one = a_context(tmp_path)
    two = replace(one, environment={"PULUMI_BACKEND_URL": "file:///elsewhere"})
    assert one.lock_file != two.lock_file
    assert one.safe_copies != two.safe_copies
    assert one.run != two.run


def test_an_unknown_stack_is_told_which_ones_exist(tmp_path: Path) -> None:
    context = a_context(tmp_path, stack="prod")
    for name in ("dev", "fraud"):
        (context.root / "stacks" / f"Pulumi.{name}.yaml").touch()
    with pytest.raises(UnknownStackError, match=r"no file 'Pulumi.prod.yaml' in .*stacks'. Stacks: dev, fraud\."):
        context.require_stack_file()


@pytest.mark.parametrize("name", ["", "../dev", "-s", "a b", "a/b", "x" * 101, "dev\n"])
def test_a_name_that_cannot_be_a_stacks_is_refused(name: str) -> None:
    with pytest.raises(UnknownStackError, match="a stack's name is 1-100 characters"):
        contexts.load(name, {})


@pytest.mark.parametrize("name", contexts.UNSUITABLE)
def test_a_setting_that_forbids_recovery_is_left_out(name: str) -> None:
    assert contexts.load("dev", {name: "1", "PATH": "/bin"}).environment == {"PATH": "/bin"}


def test_folders_are_private(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    context.prepare_folders()
    for folder in (context.workdir, context.safe_copies, context.lock_file.parent):
        assert folder.stat().st_mode & 0o077 == 0


def test_a_state_folder_that_cannot_be_written_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = a_context(tmp_path)
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("MLW_HOME", str(blocked / "home"))
    with pytest.raises(HostError, match=rf"'{blocked}/home': it is not writable .*MLW_HOME"):
        replace(context, home=blocked / "home").prepare_folders()


def test_a_missing_pulumi_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(LifecycleError, match=r"it is not on PATH. Run `make setup`"):
        contexts.pulumi_command({"PATH": str(tmp_path)})
