"""Which containers an update has replaced, from the states before and after it."""

from typing import Any

import pytest

from mlw.lifecycle.checkpoints import Checkpoint, parse
from mlw.rollback import roll_back
from mlw.rollback.replaced_containers import replaced
from tests.unit.states import a_state

CONTAINER = "docker:index/container:Container"
HEAD = "urn:pulumi:dev::ml-workspace::"
COMPONENT = f"{HEAD}ml-workspace:storage:StorageAccount::stdev"
URN = f"{HEAD}ml-workspace:storage:StorageAccount${CONTAINER}::stdev-storage"
GATE = {"container": "stdev-storage", "urls": {"storage": "http://127.0.0.1:1"}, "probes": {}, "ca_certificate": ""}


def component() -> dict[str, Any]:
    return {"urn": COMPONENT, "type": "ml-workspace:storage:StorageAccount"}


def container(made: str, **more: object) -> dict[str, Any]:
    found = {"urn": URN, "type": CONTAINER, "id": made, "parent": COMPONENT, "inputs": {"name": "stdev-storage"}}
    return {**found, "outputs": {"name": "stdev-storage", "id": made}, **more}


def gate() -> dict[str, Any]:
    type_ = "ml-workspace:engine:ReadyGate"
    return {"urn": f"{HEAD}{type_}::stdev-ready", "type": type_, "parent": COMPONENT, "inputs": GATE}


def state(*resources: dict[str, Any]) -> Checkpoint:
    return parse(a_state(*resources))


BEFORE = state(component(), container("old"), gate())


@pytest.mark.parametrize(
    ("after", "is_replaced"),
    [
        pytest.param([component(), container("new")], True, id="another one"),
        pytest.param(
            [component(), container("old", pendingReplacement=True)], True, id="removed, the new one not made"
        ),
        pytest.param([component()], True, id="none"),
        pytest.param([component(), container("old")], False, id="the same"),
        pytest.param([], False, id="gone with its component"),
    ],
)
def test_a_container_that_gave_way_is_one_that_was_replaced(after: list[dict[str, Any]], *, is_replaced: bool) -> None:
    found = replaced(BEFORE, state(*after))
    assert [one.name for one in found] == ["stdev-storage"] * is_replaced


def test_its_service_is_asked_as_the_gate_asks() -> None:
    (found,) = replaced(BEFORE, state(component(), container("new")))
    assert [probe().passed for probe in found.probes] == [False]


def test_each_of_two_containers_of_a_component_has_its_own_files_and_probes() -> None:
    def files(name: str) -> dict[str, Any]:
        type_ = "ml-workspace:engine:VolumeFiles"
        urn, inputs = f"{HEAD}{type_}::{name}-files", {"volume": f"{name}-config"}
        return {"urn": urn, "type": type_, "parent": COMPONENT, "inputs": inputs}

    def another(name: str) -> dict[str, Any]:
        inputs = {"name": name, "volumes": [{"volumeName": f"{name}-config"}]}
        return container(f"old-{name}", urn=f"{URN}-{name}", inputs=inputs)

    names = ("stdev-storage", "stdev-more")
    before = state(component(), *map(files, names), *map(another, names), gate())

    found = {one.name: one for one in replaced(before, state(component()))}

    assert {name: one.files and one.files["inputs"]["volume"] for name, one in found.items()} == {
        name: f"{name}-config" for name in names
    }
    assert {name: len(one.probes) for name, one in found.items()} == {"stdev-storage": 1, "stdev-more": 0}


def test_the_state_names_what_was_put_back_where_it_stood() -> None:
    dependent = {**gate(), "dependencies": [URN]}
    done = {URN: container("again")}

    kept = roll_back.replacing([component(), container("new"), dependent], done)
    added = roll_back.replacing([component(), dependent], done)

    assert [one.get("id") for one in kept] == [None, "again", None]
    assert [one["urn"] for one in added] == [COMPONENT, URN, dependent["urn"]]


def test_a_container_whose_deletion_is_under_way_stays_in_the_state() -> None:
    going = container("old", delete=True)
    assert roll_back.replacing([component(), container("new"), going], {URN: container("again")})[2] == going


def test_the_message_says_which_one_why_and_what_runs_now() -> None:
    results = [
        roll_back.RolledBack(name="a", found="exited, exit code 3, restarts 0, last log lines:\nno licence"),
        roll_back.RolledBack(name="b", found="running", problem="GET /v2/ -> 500"),
    ]
    text = roll_back.explain("dev", results)

    assert (
        "container 'a' did not become ready; the previous one is running again. The new one: exited, exit code 3"
        in text
    )
    assert "no licence" in text
    assert "container 'b' did not become ready; the previous one does not respond either: GET /v2/ -> 500" in text
    assert "No volume was touched" in text
