"""`mlw registry gc`: which registry it takes, and what it prints."""

from collections.abc import Collection

import pytest

from infra.clients.registry import garbage_collection
from infra.clients.registry.garbage_collection import Freed
from mlw.diagnosis.engine_snapshot import Container, Snapshot
from mlw.main import main
from mlw.registry import collect_garbage
from mlw.stacks.stacks import Stack
from tests.unit.states import Place, a_workspace, resource_id, the_outputs


def _container(status: str) -> Container:
    return Container(
        name="crchurn-registry",
        stack="churn",
        resource_id=resource_id("churn", "containerRegistry"),
        status=status,
        exit_code=0,
        restarts=0,
        ports=frozenset({5000}),
        bindings=(("127.0.0.1", 20002),),
        last_log_lines="",
    )


class World:
    """The engine and the registry, as a test wants them."""

    def __init__(self) -> None:
        self.status = "running"
        self.asked: list[tuple[str, str, bool]] = []

    def take_snapshot(self, *, stack_ids: Collection[str], resource_ids: Collection[str]) -> Snapshot:
        assert all(stack_id.startswith("id-of-") for stack_id in stack_ids)
        assert list(resource_ids) == [resource_id("churn", "containerRegistry")]
        return Snapshot(containers=(_container(self.status),), volumes=frozenset(), networks=frozenset())

    def preview(self, container: str, *, untagged: bool) -> Freed:
        self.asked.append(("preview", container, untagged))
        return Freed(3, 2 * 1024 * 1024)

    def collect(self, container: str, *, user: tuple[int, int], untagged: bool, seconds: float) -> Freed:
        assert user == (1000, 1000)
        assert seconds > 60
        self.asked.append(("collect", container, untagged))
        return Freed(1, 17)

    def wait_for_pushes(self, _stack: Stack, container: str) -> None:
        self.asked.append(("wait", container, False))


@pytest.fixture
def world(place: Place, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    place.deploy("churn")
    monkeypatch.setattr(collect_garbage, "take_snapshot", made.take_snapshot)
    monkeypatch.setattr(garbage_collection, "preview", made.preview)
    monkeypatch.setattr(garbage_collection, "collect", made.collect)
    monkeypatch.setattr(collect_garbage, "_wait_for_pushes", made.wait_for_pushes)
    return made


def test_it_tells_what_it_would_free_and_does_nothing_else(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registry", "gc", "churn", "--dry-run"]) == 0

    assert capsys.readouterr().out == "Would free 3 blobs, 2.0 MiB.\n"
    assert world.asked == [("preview", "crchurn-registry", False)]


def test_it_frees_and_waits_until_pushes_are_taken_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registry", "gc", "churn", "--untagged"]) == 0

    assert capsys.readouterr().out == "Freed 1 blob, 17 bytes.\n"
    assert world.asked == [("collect", "crchurn-registry", True), ("wait", "crchurn-registry", False)]


def test_a_registry_of_another_stack_is_left_alone(
    world: World, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = the_outputs("churn")
    outputs["workspace"] = {**outputs["workspace"], "containerRegistry": resource_id("fraud", "containerRegistry")}
    place.deploy("churn", a_workspace("churn", outputs=outputs))

    assert main(["registry", "gc", "churn"]) == 1

    assert "'crfraud' belongs to another stack" in capsys.readouterr().err
    assert world.asked == []


def test_a_registry_that_does_not_run_is_not_touched(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.status = "exited"

    assert main(["registry", "gc", "churn"]) == 1

    assert "its container is not running. Run `make up STACK=churn`" in capsys.readouterr().err
    assert world.asked == []


@pytest.mark.parametrize(
    ("freed", "text"),
    [
        (Freed(0, 0), "0 blobs, 0 bytes"),
        (Freed(1, 1023), "1 blob, 1023 bytes"),
        (Freed(2, 1536), "2 blobs, 1.5 KiB"),
        (Freed(9, 5 * 1024**4), "9 blobs, 5120.0 GiB"),
    ],
)
def test_amounts_are_said_for_people(freed: Freed, text: str) -> None:
    assert collect_garbage.said(freed) == text
