"""One operation on a stack: what stands in front of it, and what is waited for."""

from pathlib import Path

import pytest

from infra.errors import EarlierVersionError
from mlw.lifecycle import checkpoints, pulumi_operations, stack_commands
from mlw.lifecycle.lifecycle_errors import LifecycleError, LockedError, OperationFailedError, StackBusyError
from tests.unit.mlw.lifecycle.test_stack_locks import a_lock, put
from tests.unit.states import FakeCli, a_context, a_resource, a_state, write

LOCKED = "echo 'error: the stack is currently locked by 1 lock(s).' >&2; exit 255"

AN_EARLIER_RESOURCE = a_resource("keys", pulumi_type="pulumi-python:dynamic/ml-workspace:GeneratedSecrets")


@pytest.fixture
def cli(tmp_path: Path) -> FakeCli:
    return FakeCli(tmp_path / "bin")


def test_a_lock_that_was_taken_in_the_last_moment_is_waited_for(tmp_path: Path, cli: FakeCli) -> None:
    context = a_context(tmp_path)
    write(context.state_file, a_state())
    cli.does(f'[ "$(wc -l < {cli.log})" -gt 2 ] || {{ {LOCKED}; }}')

    pulumi_operations.perform(context, "up")

    assert [call.split()[0] for call in cli.calls] == ["up", "up", "up"]


@pytest.mark.parametrize("verb", ["up", "refresh", "destroy"])
def test_a_state_of_an_earlier_version_is_not_worked_on(tmp_path: Path, cli: FakeCli, verb: str) -> None:
    context = a_context(tmp_path)
    write(context.state_file, a_state(AN_EARLIER_RESOURCE))

    with pytest.raises(EarlierVersionError, match=r"Nothing was changed\. Run `make up STACK=dev`"):
        pulumi_operations.perform(context, verb)

    assert cli.calls == []


def test_recovery_of_an_earlier_version_says_what_to_run(tmp_path: Path, cli: FakeCli) -> None:
    context = a_context(tmp_path)
    target = write(context.state_file, a_state(AN_EARLIER_RESOURCE))

    with pytest.raises(EarlierVersionError, match="`make up STACK=dev`"):
        stack_commands.recover(context)

    assert target.read_bytes() == a_state(AN_EARLIER_RESOURCE)
    assert cli.calls == []


def test_a_stack_that_a_child_of_a_killed_run_is_just_making_is_waited_for(tmp_path: Path, cli: FakeCli) -> None:
    context = a_context(tmp_path)
    made = write(tmp_path / "made.json", a_state())
    assert context.state_file
    cli.does(f"mkdir -p {context.state_file.parent}; cp {made} {context.state_file}; {LOCKED}")

    assert not pulumi_operations.ensure_stack(context)
    assert [call.split()[:2] for call in cli.calls] == [["stack", "init"]]


def test_a_lock_that_is_never_given_back_is_named_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: FakeCli
) -> None:
    monkeypatch.setenv("MLW_LOCK_WAIT_SECONDS", "0")
    context = a_context(tmp_path)
    write(context.state_file, a_state())
    put(context, a_lock())
    cli.does(LOCKED)
    with pytest.raises(StackBusyError, match="is busy: locked by ada@"):
        pulumi_operations.perform(context, "up")


def test_another_failure_is_not_tried_again(tmp_path: Path, cli: FakeCli) -> None:
    context = a_context(tmp_path)
    write(context.state_file, a_state())
    cli.fails("error: no space")
    with pytest.raises(OperationFailedError, match="failed: no space"):
        pulumi_operations.perform(context, "up")
    assert len(cli.calls) == 1


def test_a_lock_that_only_pulumi_sees_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: FakeCli
) -> None:
    monkeypatch.setenv("MLW_LOCK_WAIT_SECONDS", "0")
    context = a_context(tmp_path)
    write(context.state_file, a_state())
    cli.does(LOCKED)
    with pytest.raises(LockedError, match="currently locked"):
        pulumi_operations.perform(context, "up")


@pytest.mark.parametrize("forget_resources", [False, True])
def test_a_stack_with_a_volume_keeps_its_state(tmp_path: Path, *, forget_resources: bool) -> None:
    context = a_context(tmp_path)
    content = a_state(a_resource("v"))
    target = write(context.state_file, content)
    with pytest.raises(LifecycleError, match="another run created resources meanwhile"):
        pulumi_operations.remove_stack(context, forget_resources=forget_resources)
    assert target.read_bytes() == content


def test_an_empty_stack_loses_its_state(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    target = write(context.state_file, checkpoints.empty("dev"))
    pulumi_operations.remove_stack(context)
    assert not target.exists()
