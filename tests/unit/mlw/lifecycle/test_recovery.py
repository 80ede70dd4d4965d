"""Recovery: what a killed run left is resolved, data is never removed, and doubts end in a refusal."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlw.lifecycle import checkpoints, state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import Progress, Say
from mlw.lifecycle.lifecycle_errors import (
    DamagedStateError,
    DataLossError,
    StackBusyError,
    WrongPassphraseError,
)
from mlw.lifecycle.object_comparison import EngineObject
from mlw.lifecycle.recovery import Recovery
from mlw.lifecycle.stack_context import Context
from tests.unit.mlw.lifecycle.test_stack_locks import a_lock, dead_pid, put
from tests.unit.states import FakeCli, Heard, a_checkpoint, a_context, a_resource, a_state, stack_id, write

CONTAINER = EngineObject("container", "c1", "st")
NETWORK = EngineObject("network", "n1", "rg")
VOLUME = EngineObject("volume", "st-data", "st-data")
IN_STATE = {
    CONTAINER: a_resource("c1", pulumi_type="docker:index/container:Container", outputs={"name": "st"}),
    NETWORK: a_resource("n1", pulumi_type="docker:index/network:Network", outputs={"name": "rg"}),
    VOLUME: a_resource("st-data", outputs={"name": "st-data"}),
}


NOBODY = Heard()
"""For tests that are not about what is said."""


@dataclass
class FakeEngine:
    """Holds what is on the engine, and what was removed."""

    present: list[EngineObject] = field(default_factory=list)
    removed: list[EngineObject] = field(default_factory=list)
    stopped: list[EngineObject] = field(default_factory=list)
    to_replace: list[EngineObject] = field(default_factory=list)
    """Containers that were changed in a way that only a new one undoes."""
    was_asked_for_drift: bool = False
    is_stubborn: bool = False
    """Whether nothing that is removed goes."""

    namesakes: dict[str, list[EngineObject]] = field(default_factory=dict)
    """Of other stacks that are called the same, by who they belong to."""

    def list_objects(self, _context: Context, _stack_id: str | None = None) -> list[EngineObject]:
        return list(self.present)

    def list_namesakes(self, _context: Context) -> dict[str, list[EngineObject]]:
        return self.namesakes

    def stop(self, found: Iterable[EngineObject]) -> None:
        self.stopped += found

    def remove(self, found: Iterable[EngineObject]) -> None:
        for item in [] if self.is_stubborn else list(found):
            self.present.remove(item)
            self.removed.append(item)


@pytest.fixture
def fake_engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture(autouse=True)
def cli(tmp_path: Path) -> FakeCli:
    """Takes the passphrase for the right one."""
    return FakeCli(tmp_path / "bin")


def recover(context: Context, engine: FakeEngine, say: Say = NOBODY) -> None:
    Recovery(context=context, engine=engine, say=say).recover()


def read(context: Context) -> checkpoints.Checkpoint:
    checkpoint = state_files.read(context)
    assert checkpoint
    return checkpoint


def test_a_stack_in_order_is_left_alone(tmp_path: Path, fake_engine: FakeEngine) -> None:
    context, heard = a_context(tmp_path), Heard()
    fake_engine.present = list(IN_STATE)
    target = write(context.state_file, a_state(*IN_STATE.values()))
    recover(context, fake_engine, heard)
    assert target.read_bytes() == a_state(*IN_STATE.values())
    assert (fake_engine.removed, heard.lines) == ([], [])


def test_a_reservation_of_a_killed_run_is_removed_and_one_that_the_state_has_stays(
    tmp_path: Path, fake_engine: FakeEngine
) -> None:
    context, reserved = a_context(tmp_path), EngineObject("reservation", "rg-reservation-1", "rg-reservation-1")
    fake_engine.present = [*IN_STATE, reserved]
    held = json.loads(a_state(*IN_STATE.values()))
    of_reservation = {
        "urn": "urn:pulumi:dev::p::ml-workspace:engine:EngineReservation::r",
        "type": "ml-workspace:engine:EngineReservation",
        "id": "1a",
    }
    resources = held["checkpoint"]["latest"]["resources"]

    held["checkpoint"]["latest"]["resources"] = [*resources, of_reservation]
    write(context.state_file, json.dumps(held).encode())
    recover(context, fake_engine)
    assert fake_engine.removed == []

    held["checkpoint"]["latest"]["resources"] = resources
    write(context.state_file, json.dumps(held).encode())
    recover(context, fake_engine)
    assert fake_engine.removed == [reserved]


def test_a_killed_up_leaves_neither_lock_nor_orphan_nor_pending_creation(
    tmp_path: Path, fake_engine: FakeEngine
) -> None:
    context, heard = a_context(tmp_path), Heard()
    put(context, a_lock(pid=dead_pid()))
    fake_engine.present = list(IN_STATE)
    write(context.state_file, a_state(IN_STATE[VOLUME], pending=[("creating", IN_STATE[CONTAINER])]))
    recover(context, fake_engine, heard)
    assert fake_engine.removed == [CONTAINER, NETWORK]
    assert fake_engine.present == [VOLUME]
    assert not read(context).pending
    assert "Dropping unfinished creations of a killed run: c1" in heard.text


def test_an_orphan_volume_is_kept_for_use_again(tmp_path: Path, fake_engine: FakeEngine) -> None:
    context, heard = a_context(tmp_path), Heard()
    fake_engine.present = [VOLUME]
    write(context.state_file, a_state(pending=[("creating", IN_STATE[VOLUME])]))
    recover(context, fake_engine, heard)
    assert fake_engine.removed == []
    assert "Keeping for reuse: volume 'st-data'" in heard.text


def test_deletions_that_were_under_way_stay_for_pulumi_to_finish(tmp_path: Path, fake_engine: FakeEngine) -> None:
    context = a_context(tmp_path)
    write(context.state_file, a_state(IN_STATE[VOLUME], pending=[("deleting", IN_STATE[VOLUME])]))
    fake_engine.present = [VOLUME]
    recover(context, fake_engine)
    assert [operation["type"] for operation in read(context).pending] == ["deleting"]


def test_a_live_pulumi_is_not_disturbed(
    tmp_path: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLW_LOCK_WAIT_SECONDS", "0")
    context = a_context(tmp_path)
    put(context, a_lock())
    fake_engine.present = [CONTAINER]
    write(context.state_file, a_state())
    with pytest.raises(StackBusyError, match="is busy"):
        recover(context, fake_engine)
    assert fake_engine.removed == []


@pytest.mark.parametrize("present", [[CONTAINER], []], ids=["an orphan to remove", "only the state to repair"])
def test_nothing_is_touched_with_a_wrong_passphrase(
    tmp_path: Path, fake_engine: FakeEngine, cli: FakeCli, present: list[EngineObject]
) -> None:
    cli.fails("error: incorrect passphrase")
    context = a_context(tmp_path)
    fake_engine.present = list(present)
    target = write(context.state_file, a_state(pending=[("creating", IN_STATE[CONTAINER])]))
    before = target.read_bytes()
    with pytest.raises(WrongPassphraseError, match="decrypting the secrets of stack 'dev'"):
        recover(context, fake_engine)
    assert fake_engine.removed == []
    assert target.read_bytes() == before


def test_a_damaged_state_is_healed_before_the_engine_is_compared_with_it(
    tmp_path: Path, fake_engine: FakeEngine
) -> None:
    context, heard = a_context(tmp_path), Heard()
    fake_engine.present = list(IN_STATE)
    write(context.state_file, b"")
    write(context.safe_copies / "dev.json", a_state(*IN_STATE.values()))
    recover(context, fake_engine, heard)
    assert fake_engine.removed == []
    assert "WARNING" in heard.text


def test_a_lost_state_over_data_is_refused(tmp_path: Path, fake_engine: FakeEngine) -> None:
    fake_engine.present = [VOLUME, CONTAINER]
    with pytest.raises(DamagedStateError, match=r"the engine holds its data: volume 'st-data'.*make down STACK=dev"):
        recover(a_context(tmp_path), fake_engine)
    assert fake_engine.removed == []


def test_a_lost_state_without_data_costs_nothing(tmp_path: Path, fake_engine: FakeEngine) -> None:
    fake_engine.present = [CONTAINER, NETWORK]
    recover(a_context(tmp_path), fake_engine)
    assert fake_engine.present == []


def test_a_backup_of_a_stack_that_is_gone_from_the_engine_is_not_brought_back(
    tmp_path: Path, fake_engine: FakeEngine
) -> None:
    context = a_context(tmp_path)
    write(context.safe_copies / "dev.json", a_state(*IN_STATE.values()))
    recover(context, fake_engine)
    assert not state_files.exists(context)
    assert fake_engine.removed == []


def test_plugins_of_a_killed_run_are_ended_before_the_engine_is_looked_at(
    tmp_path: Path, fake_engine: FakeEngine
) -> None:
    context, heard = a_context(tmp_path), Heard()
    put(context, a_lock(pid=dead_pid()))
    write(context.state_file, a_state())
    program = "import time; print('up', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", program], env={"MLW_RUN": context.run}, stdout=subprocess.PIPE
    ) as plugin:
        assert plugin.stdout
        plugin.stdout.readline()
        recover(context, fake_engine, heard)
        assert plugin.wait(timeout=10) != 0
    assert "Stopping 1 process(es) left by an earlier run" in heard.text


def repair(context: Context, engine: FakeEngine, say: Say = NOBODY) -> list[str]:
    """Repair; returns what was asked of Pulumi."""
    asked: list[str] = []

    def perform(_context: Context, verb: str, /, *extra: str) -> Progress:
        asked.extend([verb, *extra])
        return Progress()

    def undo_drift(_checkpoint: Checkpoint, _say: Say) -> bool:
        engine.was_asked_for_drift = True
        engine.present = [item for item in engine.present if item not in engine.to_replace]
        return bool(engine.to_replace)

    Recovery(context=context, engine=engine, say=say, perform=perform, undo_drift=undo_drift).repair()
    return asked


def test_what_was_removed_or_stopped_outside_is_refreshed_and_nothing_else(
    tmp_path: Path, fake_engine: FakeEngine
) -> None:
    context, heard = a_context(tmp_path), Heard()
    fake_engine.present = [EngineObject("container", "c1", "st", running=False), VOLUME]
    write(context.state_file, a_state(*IN_STATE.values()))
    assert repair(context, fake_engine, heard) == [
        "refresh",
        f"--target={IN_STATE[NETWORK]['urn']}",
        f"--target={IN_STATE[CONTAINER]['urn']}",
    ]
    assert "network 'rg', container 'st'" in heard.text


def test_a_container_that_has_to_be_replaced_is_made_by_the_next_update(
    tmp_path: Path, fake_engine: FakeEngine
) -> None:
    context = a_context(tmp_path)
    fake_engine.present, fake_engine.to_replace = list(IN_STATE), [CONTAINER]
    write(context.state_file, a_state(*IN_STATE.values()))
    assert repair(context, fake_engine) == ["refresh", f"--target={IN_STATE[CONTAINER]['urn']}"]


def test_a_lost_data_volume_is_refused(tmp_path: Path, fake_engine: FakeEngine) -> None:
    context = a_context(tmp_path)
    fake_engine.present = [CONTAINER, NETWORK]
    write(context.state_file, a_state(*IN_STATE.values()))
    with pytest.raises(
        DataLossError, match=r"the engine at .* has no volume 'st-data', which the state contains.*make down STACK=dev"
    ):
        repair(context, fake_engine)
    assert not fake_engine.was_asked_for_drift


def test_a_volume_that_a_killed_destroy_was_removing_is_not_missed(tmp_path: Path, fake_engine: FakeEngine) -> None:
    context = a_context(tmp_path)
    write(context.state_file, a_state(IN_STATE[VOLUME], pending=[("deleting", IN_STATE[VOLUME])]))
    assert repair(context, fake_engine) == ["refresh", f"--target={IN_STATE[VOLUME]['urn']}"]


def test_a_stack_as_it_should_be_is_not_refreshed(tmp_path: Path, fake_engine: FakeEngine) -> None:
    context = a_context(tmp_path)
    fake_engine.present = list(IN_STATE)
    write(context.state_file, a_state(*IN_STATE.values()))
    assert repair(context, fake_engine) == []


@pytest.mark.parametrize("is_known", [False, True], ids=["reservation was never recorded", "reservation is known"])
def test_claims_that_no_reservation_would_give_back_are_given_back(
    tmp_path: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    context = a_context(tmp_path)
    monkeypatch.setenv("MLW_HOME", str(context.home))
    claims = write(context.home / "ports.json", json.dumps({stack_id(): {"storage": 20001}}).encode())
    reservation = a_resource("r", pulumi_type="ml-workspace:engine:EngineReservation")
    known = [reservation] if is_known else []
    write(context.state_file, a_state(*known, pending=[("creating", IN_STATE[VOLUME] if is_known else reservation)]))
    recover(context, fake_engine)
    assert (stack_id() in json.loads(claims.read_text())) is is_known


def test_data_of_a_state_that_was_emptied_by_hand_is_refused_with_the_way_back(
    tmp_path: Path, fake_engine: FakeEngine
) -> None:
    context = a_context(tmp_path)
    write(context.state_file, a_checkpoint([]))
    write(context.safe_copies / "dev.json", a_state(*IN_STATE.values()))
    fake_engine.present = list(IN_STATE)

    with pytest.raises(DataLossError, match=rf"`cp {context.safe_copies}/dev.json {context.state_file}`"):
        recover(context, fake_engine)

    assert fake_engine.removed == []
