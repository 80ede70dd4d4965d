"""Taking a stack down: in which order, what stops it, and what the proof says."""

import json
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.errors import UnknownStackError
from mlw.lifecycle import down, state_files
from mlw.lifecycle.display import Progress
from mlw.lifecycle.lifecycle_errors import (
    LeftoversError,
    OperationFailedError,
    WrongPassphraseError,
)
from mlw.lifecycle.object_comparison import EngineObject
from mlw.lifecycle.stack_context import Context
from tests.unit.mlw.lifecycle.test_recovery import CONTAINER, IN_STATE, VOLUME, FakeEngine
from tests.unit.states import Heard, a_context, a_state, write


class Pulumi:
    """Stands in for the CLI: a destroy takes from the engine what the state knows."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.calls: list[str] = []
        self.failure: Exception | None = None
        self.removed_before: list[EngineObject] = []

    def perform(self, context: Context, verb: str, *_: str) -> Progress:
        self.calls.append(verb)
        self.removed_before = list(self.engine.removed)
        if self.failure:
            raise self.failure
        checkpoint = state_files.read(context)
        assert checkpoint
        known = {item.id for item in checkpoint.docker_objects()}
        self.engine.present = [item for item in self.engine.present if item.id not in known]
        return Progress()

    def query(self, _context: Context, arguments: Sequence[str]) -> str:
        self.calls.append(" ".join(arguments[:2]))
        return ""


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    monkeypatch.setattr("mlw.lifecycle.engine_objects.list_objects", fake.list_objects)
    monkeypatch.setattr("mlw.lifecycle.engine_objects.remove", fake.remove)
    return fake


@pytest.fixture
def pulumi(monkeypatch: pytest.MonkeyPatch, fake_engine: FakeEngine) -> Pulumi:
    fake = Pulumi(fake_engine)
    monkeypatch.setattr(down, "perform", fake.perform)
    monkeypatch.setattr("mlw.lifecycle.pulumi_cli.query", fake.query)
    return fake


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    heard = Heard()
    monkeypatch.setattr(down, "say", heard)
    return heard


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    context = a_context(tmp_path)
    context.stack_file.write_text("config: {}\n")
    monkeypatch.setenv("MLW_HOME", str(context.home))
    return context


def test_everything_goes_and_the_proof_says_so(
    context: Context, fake_engine: FakeEngine, pulumi: Pulumi, heard: Heard
) -> None:
    fake_engine.present = list(IN_STATE)
    write(context.state_file, a_state(*IN_STATE.values()))
    write(context.home / "ports.json", json.dumps({context.owner: {"storage": 1, "registry": 2}}).encode())
    down.down(context)
    assert pulumi.calls == ["destroy", "stack rm"]
    assert state_files.leftovers(context) == []
    assert json.loads((context.home / "ports.json").read_text()) == {}
    proof = [line.split(maxsplit=1) for line in heard.lines[-1].splitlines() if line.startswith("  ")]
    assert proof == [
        ["what", "left"],
        ["containers", "none"],
        ["networks", "none"],
        ["volumes", "none"],
        ["ports", "in use  none (2 released)"],
        ["state", "files   none"],
    ]


def test_a_second_down_is_a_clean_no_op(
    context: Context, fake_engine: FakeEngine, pulumi: Pulumi, heard: Heard
) -> None:
    down.down(context)
    down.down(context)
    assert pulumi.calls == []
    assert fake_engine.removed == []
    assert "is gone" in heard.text


def test_a_container_that_no_state_knows_goes_before_the_volume_it_holds(
    context: Context, fake_engine: FakeEngine, pulumi: Pulumi, heard: Heard
) -> None:
    fake_engine.present = [VOLUME, CONTAINER]
    write(context.state_file, a_state(IN_STATE[VOLUME]))
    down.down(context)
    assert pulumi.removed_before == [CONTAINER]
    assert pulumi.calls[-2:] == ["destroy", "stack rm"]


def test_without_any_state_the_labels_suffice(
    context: Context, fake_engine: FakeEngine, pulumi: Pulumi, heard: Heard
) -> None:
    fake_engine.present = list(IN_STATE)
    down.down(context)
    assert fake_engine.present == []
    assert pulumi.calls == []


def test_a_state_damaged_beyond_repair_does_not_keep_the_stack_alive(
    context: Context, fake_engine: FakeEngine, pulumi: Pulumi, heard: Heard
) -> None:
    fake_engine.present = list(IN_STATE)
    write(context.state_file, b"torn")
    down.down(context)
    assert fake_engine.present == []
    assert state_files.leftovers(context) == []
    assert "Going on by the labels on the engine" in heard.text


@pytest.mark.parametrize(
    "failure",
    [WrongPassphraseError("wrong passphrase"), OperationFailedError("used by workspace 'other'")],
    ids=["wrong passphrase", "refused by a resource"],
)
def test_a_destroy_that_fails_is_not_replaced_by_force(
    context: Context, fake_engine: FakeEngine, pulumi: Pulumi, heard: Heard, failure: Exception
) -> None:
    fake_engine.present = list(IN_STATE)
    target = write(context.state_file, a_state(*IN_STATE.values()))
    pulumi.failure = failure
    with pytest.raises(type(failure), match=str(failure)):
        down.down(context)
    assert fake_engine.present == list(IN_STATE)
    assert target.exists()


def test_what_cannot_be_removed_is_named_and_is_an_error(
    context: Context, fake_engine: FakeEngine, pulumi: Pulumi, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn = EngineObject("network", "n", "rg")
    fake_engine.present = [stubborn]
    monkeypatch.setattr("mlw.lifecycle.engine_objects.remove", lambda _: None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        write(context.home / "ports.json", json.dumps({context.owner: {"storage": port}}).encode())
        with pytest.raises(LeftoversError, match=rf"network 'rg', port {port} could not be removed"):
            down.down(context)
    assert "NOT completely gone" in heard.text


def test_an_unknown_stack_is_refused_unless_something_of_it_is_left(
    tmp_path: Path, fake_engine: FakeEngine, pulumi: Pulumi, heard: Heard, context: Context
) -> None:
    context.stack_file.unlink()
    with pytest.raises(UnknownStackError, match=r"no file 'Pulumi\.dev\.yaml' in"):
        down.down(context)
    fake_engine.present = [CONTAINER]
    down.down(context)
    assert fake_engine.present == []
