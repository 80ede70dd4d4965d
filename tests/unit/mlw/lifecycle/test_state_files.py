"""Healing: the newest sound backup, loudly, with the damaged file kept; or a refusal."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mlw.lifecycle import state_files
from mlw.lifecycle.lifecycle_errors import DamagedStateError, OperationFailedError
from mlw.lifecycle.stack_context import Context
from tests.unit.states import SALT, FakeCli, Heard, a_context, a_resource, a_state, write

OLD, NEW = "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"


def bak(context: Context) -> Path:
    assert context.state_file
    return context.state_file.with_name("dev.json.bak")


def test_a_sound_state_is_left_alone(tmp_path: Path) -> None:
    context, heard = a_context(tmp_path), Heard()
    target = write(context.state_file, a_state())
    assert not state_files.heal(context, say=heard)
    assert target.read_bytes() == a_state()
    assert not heard.lines


@pytest.mark.parametrize("damage", [b"", a_state()[:-9], b"\0" * 99], ids=["empty", "torn", "zeros"])
def test_a_damaged_state_is_replaced_by_the_newest_sound_backup(tmp_path: Path, damage: bytes) -> None:
    context, heard = a_context(tmp_path), Heard()
    target = write(context.state_file, damage)
    write(bak(context), a_state(time=OLD))
    assert context.backups
    newest = write(context.backups / "dev.17.json", a_state(a_resource("v"), time=NEW))
    write(context.safe_copies / "dev.json", b"also damaged")
    assert state_files.heal(context, say=heard)
    assert target.read_bytes() == newest.read_bytes()
    assert "WARNING: the state of stack 'dev' was damaged" in heard.text
    assert "Restored from 'dev.17.json'" in heard.text


def test_the_damaged_file_is_kept_as_evidence(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    write(context.state_file, b"torn")
    write(bak(context), a_state())
    state_files.heal(context, say=Heard())
    assert [path.read_bytes() for path in context.safe_copies.glob("damaged-*.json")] == [b"torn"]


def test_without_a_sound_backup_it_refuses_and_touches_nothing(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    target = write(context.state_file, b"torn")
    write(bak(context), b"torn too")
    with pytest.raises(DamagedStateError, match=r"there is no valid backup.*make down STACK=dev"):
        state_files.heal(context, say=Heard())
    assert target.read_bytes() == b"torn"


def test_a_newer_state_is_refused_even_with_a_backup(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    write(context.state_file, b'{"version": 9, "checkpoint": {}}')
    write(bak(context), a_state())
    with pytest.raises(DamagedStateError, match="newer than 4"):
        state_files.heal(context, say=Heard())


@pytest.mark.parametrize(
    "changed",
    [
        a_state(a_resource("volume-b")),
        a_state(a_resource("volume-a")).replace(SALT.encode(), SALT[::-1].encode()),
        a_state(),
    ],
    ids=["another id of the same length", "another secrets provider", "a resource less"],
)
def test_a_sound_state_that_differs_from_its_copy_is_no_damage(tmp_path: Path, changed: bytes) -> None:
    context, heard = a_context(tmp_path), Heard()
    target = write(context.state_file, changed)
    write(context.safe_copies / "dev.json", a_state(a_resource("volume-a")))
    assert not state_files.heal(context, say=heard)
    assert target.read_bytes() == changed
    assert not heard.lines


def test_a_lost_state_comes_back_from_its_backup(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    write(context.safe_copies / "dev.json", a_state())
    assert state_files.heal(context, say=Heard())
    assert context.state_file
    assert context.state_file.read_bytes() == a_state()


def test_the_copy_of_the_state_is_private_and_equal(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    write(context.state_file, a_state())
    state_files.keep_safe(context)
    copy = context.safe_copies / "dev.json"
    assert copy.read_bytes() == a_state()
    assert copy.stat().st_mode & 0o077 == 0


def test_only_the_latest_operations_are_kept_in_history_and_backups(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    write(context.state_file, a_state())
    assert context.history
    assert context.backups
    for number in range(100, 100 + state_files.KEPT_ENTRIES + 5):
        for name in (f"dev-{number}.history.json", f"dev-{number}.checkpoint.json"):
            write(context.history / name, b"{}")
            write(context.history / f"{name}.attrs", b"{}")
        write(context.backups / f"dev.{number}.json", b"{}")
    state_files.keep_safe(context)
    assert len(list(context.history.iterdir())) == 4 * state_files.KEPT_ENTRIES
    assert sorted(path.name for path in context.backups.iterdir())[0] == "dev.105.json"


def test_leftovers_of_one_stack_go_and_those_of_another_stay(tmp_path: Path) -> None:
    mine, other = a_context(tmp_path), a_context(tmp_path, stack="dev.json2")
    for context in (mine, other):
        assert context.pulumi_locks
        assert context.history
        write(context.state_file, a_state())
        write(context.pulumi_locks / "1.json", b"")
        write(context.history / "x.history.json", b"{}")
        write(context.safe_copies / "copy.json", b"{}")
        write(context.private_stack_file, b"")
        write(context.lock_file, b"")
    before = state_files.leftovers(other)
    state_files.remove_leftovers(mine)
    assert state_files.leftovers(mine) == []
    assert state_files.leftovers(other) == before


def elsewhere(tmp_path: Path) -> Context:
    """A stack of a backend that is no folder."""
    context = a_context(tmp_path)
    return replace(context, environment={**context.environment, "PULUMI_BACKEND_URL": "s3://bucket"})


def test_the_state_of_another_backend_comes_through_the_cli(tmp_path: Path) -> None:
    deployment = json.loads(a_state(a_resource("v")))["checkpoint"]["latest"]
    FakeCli(tmp_path / "bin").prints(json.dumps({"version": 3, "deployment": deployment}))
    checkpoint = state_files.read(elsewhere(tmp_path))
    assert checkpoint
    assert [item.id for item in checkpoint.docker_objects()] == ["v"]


@pytest.mark.parametrize(
    ("answer", "is_missing"),
    [("error: no stack named 'dev' found", True), ("error: access denied", False)],
    ids=["no such stack", "another failure"],
)
def test_a_stack_that_another_backend_does_not_have_has_no_state(
    tmp_path: Path, answer: str, *, is_missing: bool
) -> None:
    FakeCli(tmp_path / "bin").fails(answer)
    if is_missing:
        assert state_files.read(elsewhere(tmp_path)) is None
    else:
        with pytest.raises(OperationFailedError, match="access denied"):
            state_files.read(elsewhere(tmp_path))


def test_folders_that_stacks_share_stay_for_those_that_are_just_being_made(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    for path in (write(context.state_file, a_state()), write(context.private_stack_file, b"")):
        state_files.remove_leftovers(context)
        assert not path.exists()
    assert context.state_file
    assert context.state_file.parent.is_dir()
    assert context.workdir.parent.is_dir()


def backend_of(context: Context, layout: str | None) -> Path:
    """The file backend's folder, with Pulumi's note of how it is laid out, or without one."""
    folder = context.backend_folder
    assert folder
    folder.mkdir(parents=True, exist_ok=True)
    if layout is not None:
        (folder / "meta.yaml").write_text(layout)
    return folder


def test_a_new_stack_is_a_state_without_resources(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    backend_of(context, "version: 1\n")
    assert state_files.make_empty(context)
    checkpoint = state_files.read(context)
    assert checkpoint is not None
    assert checkpoint.document["checkpoint"] == {"stack": "organization/ml-workspace/dev"}
    assert (checkpoint.resources, checkpoint.salt) == ([], None)


def test_a_state_that_is_there_is_not_made_anew(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    backend_of(context, "version: 1\n")
    target = write(context.state_file, a_state(a_resource("v")))
    assert not state_files.make_empty(context)
    assert target.read_bytes() == a_state(a_resource("v"))


@pytest.mark.parametrize("layout", [None, "version: 0\n", "version: 2\n"])
def test_a_backend_of_another_layout_is_left_to_pulumi(tmp_path: Path, layout: str | None) -> None:
    context = a_context(tmp_path)
    backend_of(context, layout)
    assert not state_files.make_empty(context)
    assert not state_files.exists(context)


def test_a_backend_that_is_no_folder_is_left_to_pulumi(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    elsewhere = replace(context, environment={**context.environment, "PULUMI_BACKEND_URL": "s3://states"})
    assert not state_files.make_empty(elsewhere)
