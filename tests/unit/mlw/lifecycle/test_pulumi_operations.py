"""One operation on a stack: what stands in front of it, and what is waited for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mlw.lifecycle import pulumi_cli, pulumi_operations, stack_locks
from mlw.lifecycle.lifecycle_errors import OperationFailedError, StackBusyError
from mlw.lifecycle.pulumi_cli import Outcome
from tests.unit.mlw.lifecycle.test_stack_locks import a_lock, put
from tests.unit.states import a_context, a_state, write

LOCKED = Outcome(1, "error: the stack is currently locked by 1 lock(s).", interrupted=False)
DONE = Outcome(0, "", interrupted=False)


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """What the CLI comes to, run after run."""
    coming: list[Outcome] = []
    monkeypatch.setattr(pulumi_cli, "run", lambda *_, **__: coming.pop(0))
    return coming


def test_a_lock_that_was_taken_in_the_last_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcomes: list[Outcome]
) -> None:
    context, waited = a_context(tmp_path), []
    write(context.state_file, a_state())

    def clear_stale(_: object, *, say: Callable[[str], None]) -> int:
        waited.append(say)
        return 0

    monkeypatch.setattr(stack_locks, "clear_stale", clear_stale)
    outcomes += [LOCKED, LOCKED, DONE]

    pulumi_operations.perform(context, "up")

    assert (len(waited), outcomes) == (2, [])


def test_a_stack_that_a_child_of_a_killed_run_is_just_making_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, calls = a_context(tmp_path), []

    def query(*_: object) -> str:
        calls.append("stack init")
        write(context.state_file, a_state())
        pulumi_cli.raise_for(context, ["stack", "init"], LOCKED)
        return ""

    monkeypatch.setattr(pulumi_cli, "query", query)

    assert not pulumi_operations.ensure_stack(context)
    assert calls == ["stack init"]


def test_a_lock_that_is_never_given_back_is_named_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcomes: list[Outcome]
) -> None:
    monkeypatch.setenv("MLW_LOCK_WAIT_SECONDS", "0")
    context = a_context(tmp_path)
    write(context.state_file, a_state())
    put(context, a_lock())
    outcomes += [LOCKED]
    with pytest.raises(StackBusyError, match="is busy: locked by ada@"):
        pulumi_operations.perform(context, "up")


def test_another_failure_is_not_tried_again(tmp_path: Path, outcomes: list[Outcome]) -> None:
    context = a_context(tmp_path)
    write(context.state_file, a_state())
    outcomes += [Outcome(1, "error: no space", interrupted=False)]
    with pytest.raises(OperationFailedError, match="it failed: no space"):
        pulumi_operations.perform(context, "up")
