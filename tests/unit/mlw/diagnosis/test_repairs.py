"""`mlw diagnose --fix`: what is run, and when nothing is."""

import pytest

from infra.clients.engine import docker_engine
from mlw.diagnosis import repairs
from mlw.diagnosis.findings import Finding, Group, Repair
from mlw.stacks.stacks import Stack, open_stack
from tests.unit.states import Place

PAUSED = Finding(
    group=Group.KEY_VAULT, code="ContainerNotRunning", message="x", repair=Repair(verb="unpause", container="kv")
)
STARTING = Finding(group=Group.KEY_VAULT, code="NotReady", message="x")


@pytest.fixture
def stack(place: Place) -> Stack:
    place.deploy("dev")
    return open_stack("dev")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Containers that were made to run."""
    calls: list[tuple[str, str]] = []
    monkeypatch.setattr(docker_engine, "make_running", lambda name, verb: calls.append((verb, name)))
    monkeypatch.setattr(repairs, "_POLL_SECONDS", 0.0)
    return calls


def test_a_container_is_fixed_once_and_waited_for(
    stack: Stack, done: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    looks = [[STARTING], [STARTING], []]

    assert repairs.repair(stack, [PAUSED, PAUSED], look_again=lambda: looks.pop(0)) == []

    assert (done, looks) == ([("unpause", "kv")], [])
    assert capsys.readouterr().err == "mlw: fixed: docker unpause kv\n"


def test_what_is_left_after_the_deadline_is_returned(
    stack: Stack, done: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repairs, "READY_SECONDS", 0.0)

    assert repairs.repair(stack, [PAUSED], look_again=lambda: [STARTING]) == [STARTING]
    assert done == [("unpause", "kv")]


@pytest.mark.parametrize("code", ["VolumeMissing", "OperationRunning", "LockedElsewhere", "WorkspaceSoftDeleted"])
def test_nothing_is_started_where_data_could_be_lost_or_a_command_works(
    stack: Stack, done: list[tuple[str, str]], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [PAUSED, Finding(group=Group.OTHER, code=code, message="x")]

    assert repairs.repair(stack, found, look_again=lambda: []) == found

    assert done == []
    assert capsys.readouterr().err == f"mlw: nothing was fixed: {code}.\n"


def test_without_a_known_fix_nothing_is_done(stack: Stack, done: list[tuple[str, str]]) -> None:
    assert repairs.repair(stack, [STARTING], look_again=lambda: []) == [STARTING]
    assert done == []
