"""Taking a stack down: in which order, what stops it, and what the proof says."""

import json
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.errors import ScopeLockedError, UnknownStackError
from mlw.jobs import runner_lock
from mlw.lifecycle import down, state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import Progress
from mlw.lifecycle.lifecycle_errors import (
    LeftoversError,
    LifecycleError,
    OperationFailedError,
    WrongPassphraseError,
)
from mlw.lifecycle.object_comparison import EngineObject
from mlw.lifecycle.stack_context import Context
from mlw.online_endpoints import endpoint_locks
from tests.unit.mlw.lifecycle.test_recovery import CONTAINER, IN_STATE, VOLUME, FakeEngine
from tests.unit.states import (
    FakeCli,
    Heard,
    Resource,
    a_checkpoint,
    a_context,
    a_lock,
    a_resource,
    a_state,
    stack_id,
    write,
)


@dataclass
class Scene:
    """Everything that taking a stack down works on, made up: a destroy takes from the engine what the state knows."""

    context: Context
    cli: FakeCli
    engine: FakeEngine = field(default_factory=FakeEngine)
    heard: Heard = field(default_factory=Heard)
    failure: Exception | None = None
    destroyed: int = 0
    removed_before: list[EngineObject] = field(default_factory=list)
    made_meanwhile: list[Resource] = field(default_factory=list)

    def perform(self, context: Context, verb: str, /, *_: str) -> Progress:
        assert verb == "destroy"
        self.destroyed += 1
        self.removed_before = list(self.engine.removed)
        if self.failure:
            raise self.failure
        checkpoint = state_files.read(context)
        assert checkpoint
        known = {item.id for item in checkpoint.docker_objects()}
        self.engine.present = [item for item in self.engine.present if item.id not in known]
        write(context.state_file, a_checkpoint(self.made_meanwhile))
        return Progress()

    def down(self) -> None:
        down.down(self.context, say=self.heard, engine=self.engine, perform=self.perform)

    @property
    def asked(self) -> list[str]:
        """What the CLI was asked for."""
        return [" ".join(call.split()[:2]) for call in self.cli.calls]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    context = a_context(tmp_path)
    monkeypatch.setenv("MLW_HOME", str(context.home))
    context.stack_file.write_text("config: {}\n")
    return Scene(context, FakeCli(tmp_path / "bin"))


def test_everything_goes_and_the_proof_says_so(scene: Scene) -> None:
    scene.engine.present = list(IN_STATE)
    write(scene.context.state_file, a_state(*IN_STATE.values()))
    write(scene.context.home / "ports.json", json.dumps({stack_id(): {"storage": 1, "registry": 2}}).encode())
    scene.down()
    assert (scene.destroyed, scene.asked) == (1, [])
    assert state_files.leftovers(scene.context) == []
    assert json.loads((scene.context.home / "ports.json").read_text()) == {}
    proof = [line.split(maxsplit=1) for line in scene.heard.lines[-1].splitlines() if line.startswith("  ")]
    assert proof == [
        ["what", "left"],
        ["containers", "none"],
        ["networks", "none"],
        ["volumes", "none"],
        ["ports", "in use  none (2 released)"],
        ["state", "files   none"],
    ]


def test_nothing_in_the_home_is_named_after_a_stack_that_is_gone(scene: Scene) -> None:
    home, other = scene.context.home, "id-of-another"
    scene.engine.present = list(IN_STATE)
    write(scene.context.state_file, a_state(*IN_STATE.values()))
    for identity in (stack_id(), other):
        with endpoint_locks.publishing(home, identity):
            pass
        with endpoint_locks.holding(endpoint_locks.path_of(home, identity, "churn"), "churn"):
            pass
        with runner_lock.holding(runner_lock.path_of(home, identity)):
            runner_lock.log_of(runner_lock.path_of(home, identity)).touch()
        # Of a version that wrote it elsewhere, or of one to come.
        write(home / "elsewhere" / f"{identity}.lock", b"")
        write(home / "activity" / "usage" / f"{identity}.json", b"{}")

    scene.down()

    left = [path.relative_to(home) for path in home.rglob("*") if path.name.startswith((stack_id(), other))]
    assert [str(path) for path in left if path.name.startswith(stack_id())] == [f"activity/usage/{stack_id()}.json"]
    assert len(left) == 1 + 6


def test_what_an_attached_engine_holds_is_not_called_gone_if_it_was_not_looked_for(scene: Scene) -> None:
    write(scene.context.state_file, a_state(*IN_STATE.values()))
    scene.engine.present = list(IN_STATE)
    lab = {"compute": "lab", "address": "unix:///nowhere/x.sock", "key_file": "", "ports": [1], "stack_id": stack_id()}
    note = scene.context.home / "jobs" / f"{stack_id()}.engines.json"
    write(note, json.dumps([lab]).encode())

    with pytest.raises(LeftoversError, match=r"what the engine at 'unix:///nowhere/x.sock' holds could not be"):
        scene.down()

    assert scene.destroyed == 1
    assert scene.engine.present == []
    assert "What it holds of this stack was not looked for. `docker -H unix:///nowhere/x.sock ps -a" in scene.heard.text
    proof = scene.heard.lines[-1]
    assert "is NOT completely gone" in proof
    assert "attached engines  not looked for, no response: unix:///nowhere/x.sock" in proof
    assert not note.exists()


def test_the_state_of_resources_that_another_run_has_made_meanwhile_stays(scene: Scene) -> None:
    scene.engine.present = list(IN_STATE)
    target = write(scene.context.state_file, a_state(*IN_STATE.values()))
    scene.made_meanwhile = [IN_STATE[VOLUME]]
    with pytest.raises(LifecycleError, match="another run created resources meanwhile"):
        scene.down()
    assert target.read_bytes() == a_checkpoint([IN_STATE[VOLUME]])


def test_a_second_down_is_a_clean_no_op(scene: Scene) -> None:
    scene.down()
    scene.down()
    assert (scene.destroyed, scene.asked) == (0, [])
    assert scene.engine.removed == []
    assert "is gone" in scene.heard.text


def test_a_container_that_no_state_knows_goes_before_the_volume_it_holds(scene: Scene) -> None:
    scene.engine.present = [VOLUME, CONTAINER]
    write(scene.context.state_file, a_state(IN_STATE[VOLUME]))
    scene.down()
    assert scene.removed_before == [CONTAINER]
    assert scene.destroyed == 1


def test_without_any_state_the_labels_suffice(scene: Scene) -> None:
    scene.engine.present = list(IN_STATE)
    scene.down()
    assert scene.engine.present == []
    assert (scene.destroyed, scene.asked) == (0, [])


def test_a_state_damaged_beyond_repair_does_not_keep_the_stack_alive(scene: Scene) -> None:
    scene.engine.present = list(IN_STATE)
    write(scene.context.state_file, b"torn")
    scene.down()
    assert scene.engine.present == []
    assert state_files.leftovers(scene.context) == []
    assert "Continuing with the labels on the engine" in scene.heard.text


@pytest.mark.parametrize(
    "failure",
    [WrongPassphraseError("wrong passphrase"), OperationFailedError("used by workspace 'other'")],
    ids=["wrong passphrase", "refused by a resource"],
)
def test_a_destroy_that_fails_is_not_replaced_by_force(scene: Scene, failure: Exception) -> None:
    scene.engine.present = list(IN_STATE)
    target = write(scene.context.state_file, a_state(*IN_STATE.values()))
    scene.failure = failure
    with pytest.raises(type(failure), match=str(failure)):
        scene.down()
    assert scene.engine.present == list(IN_STATE)
    assert target.exists()


def test_what_cannot_be_removed_is_named_and_is_an_error(scene: Scene) -> None:
    stubborn = EngineObject("network", "n", "rg")
    scene.engine.present = [stubborn]
    scene.engine.is_stubborn = True
    write(scene.context.state_file, a_state())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        write(scene.context.home / "ports.json", json.dumps({stack_id(): {"storage": port}}).encode())
        with pytest.raises(LeftoversError, match=rf"network 'rg', port {port} could not be removed"):
            scene.down()
    assert "NOT completely gone" in scene.heard.text


def test_a_stack_of_this_name_in_another_home_is_named_and_left_alone(scene: Scene) -> None:
    scene.engine.namesakes = {"stack 'dev' of ada@host, backend file:///a": [CONTAINER, VOLUME]}
    with pytest.raises(
        LifecycleError,
        match=r"1 container, 1 volume of stack .dev. of ada@host, .*\. Nothing was removed",
    ):
        scene.down()
    write(scene.context.state_file, a_state())
    scene.down()
    assert "Not removed, because it belongs to another stack of this name: 1 container, 1 volume of" in scene.heard.text
    assert scene.engine.removed == []


def test_an_unknown_stack_is_refused_unless_something_of_it_is_left(scene: Scene) -> None:
    scene.context.stack_file.unlink()
    with pytest.raises(UnknownStackError, match=r"no file 'Pulumi\.dev\.yaml' in"):
        scene.down()
    scene.engine.present = [CONTAINER]
    scene.down()
    assert scene.engine.present == []


def test_a_locked_stack_is_left_as_it_is(scene: Scene) -> None:
    scene.engine.present = list(IN_STATE)
    write(scene.context.state_file, a_state(*IN_STATE.values(), a_lock("dev")))

    with pytest.raises(ScopeLockedError, match="taking stack 'dev' down: ScopeLocked"):
        scene.down()

    assert scene.engine.removed == []
    assert scene.destroyed == 0
    assert state_files.exists(scene.context)


def test_a_condition_is_asked_before_anything_is_removed(scene: Scene) -> None:
    scene.engine.present = list(IN_STATE)
    write(scene.context.state_file, a_state(*IN_STATE.values()))
    asked = []

    def refuse(checkpoint: Checkpoint | None) -> None:
        asked.append(checkpoint)
        raise LifecycleError("it has more time")

    with pytest.raises(LifecycleError, match="it has more time"):
        down.down(scene.context, require=refuse, say=scene.heard, engine=scene.engine, perform=scene.perform)

    assert scene.engine.removed == []
    assert state_files.exists(scene.context)
    assert asked[0] is not None
    assert asked[0].resources


def test_a_condition_is_asked_where_the_state_cannot_be_read(scene: Scene) -> None:
    scene.engine.present = list(IN_STATE)
    write(scene.context.state_file, b"{")

    def refuse(checkpoint: Checkpoint | None) -> None:
        raise LifecycleError(f"it has {checkpoint}")

    with pytest.raises(LifecycleError, match="it has None"):
        down.down(scene.context, require=refuse, say=scene.heard, engine=scene.engine, perform=scene.perform)

    assert scene.engine.removed == []


def test_what_was_imported_is_taken_out_of_the_state_before_the_destroy_and_stays(scene: Scene) -> None:
    imported = EngineObject("volume", "theirs", "theirs")
    scene.engine.present = list(IN_STATE)
    foreign = a_resource("theirs", outputs={"name": "theirs"}, sourcePosition=None)
    write(scene.context.state_file, a_state(*IN_STATE.values(), foreign))

    scene.down()

    assert scene.asked[0] == "state delete"
    assert foreign["urn"] in scene.cli.calls[0]
    assert "does not belong to the workspace: volume 'theirs'." in scene.heard.text
    assert imported not in scene.engine.removed
