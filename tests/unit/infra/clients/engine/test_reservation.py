"""What a stack reserves on the engine when it is created and changed, with a fake engine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from infra import labels
from infra.clients.engine import reservation
from infra.clients.engine.engine_inventory import Inventory
from infra.clients.engine.reservation import Reserved, Wanted
from infra.errors import (
    EarlierVersionError,
    EngineError,
    ForeignObjectError,
    ImageMissingError,
    PortRangeExhaustedError,
)
from tests.support.fake_marks import FakeMarks

WANTED = Wanted(
    stack="dev",
    stack_id="id1",
    names={"containers": ["st-storage", "cr-registry"], "volumes": [], "networks": ["rg"]},
    holders={"storage": "st-storage", "registry": "cr-registry"},
    images={"minio": "ml-workspace/minio:1"},
    ports=(25100, 25199),
)


class MadeUpEngine:
    """An engine with the objects of a test."""

    def __init__(self) -> None:
        self.containers: dict[str, Mapping[str, str]] = {}
        self.networks: dict[str, Mapping[str, str]] = {}
        self.images = {"ml-workspace/minio:1": "sha256:1"}
        self.ports: dict[int, str] = {}
        self.subnets: Sequence[str] = ()
        self.leftovers_removed = False
        self.marks = FakeMarks()

    def inventory(self) -> Inventory:
        return Inventory(
            containers=self.containers,
            volumes=dict(self.marks.volumes),
            networks=self.networks,
            subnets=self.subnets,
            images=self.images,
            ports=self.ports,
        )

    def cpus(self) -> int:
        return 2

    def remove_leftovers(self, stack_id: str) -> list[str]:
        assert stack_id == "id1"
        self.leftovers_removed = True
        return []

    def reserve(self, wanted: Wanted = WANTED) -> Reserved:
        return reservation.reserve(wanted, engine=self)

    def change(self, wanted: Wanted, before: Reserved) -> Reserved:
        return reservation.change(
            wanted, names_before=WANTED.names, holders_before=WANTED.holders, before=before, engine=self
        )


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MadeUpEngine:
    monkeypatch.setenv("MLW_HOME", str(tmp_path))
    return MadeUpEngine()


def test_objects_of_an_earlier_version_name_the_command_to_run(made_up: MadeUpEngine) -> None:
    made_up.containers = {"st-storage": {labels.STACK: "dev", labels.BACKEND: "0123456789ab"}}

    with pytest.raises(EarlierVersionError, match=r"Nothing on the engine was changed\. Run `make up STACK=dev`"):
        made_up.reserve()


@pytest.mark.parametrize("kind", ["containers", "networks"])
@pytest.mark.parametrize(("owner", "removed"), [("id1", True), ("id2", False)], ids=["its own", "another's"])
def test_what_a_killed_run_left_behind_is_removed(
    made_up: MadeUpEngine, kind: str, owner: str, *, removed: bool
) -> None:
    setattr(made_up, kind, {"left-behind": {labels.ID: owner, labels.STACK: "dev"}})

    made_up.reserve()

    assert made_up.leftovers_removed == removed


def test_a_change_keeps_the_ports_and_the_subnet(made_up: MadeUpEngine) -> None:
    made = made_up.reserve()

    assert sorted(made.ports) == ["registry", "storage"]
    assert made_up.change(WANTED, made) == made


def test_the_mark_on_the_engine_stays_while_ports_and_subnet_do(made_up: MadeUpEngine) -> None:
    made = made_up.reserve()
    placed = dict(made_up.marks.volumes)

    made_up.change(replace(WANTED, cpus={"keyVault": 1.0}), made)

    assert made_up.marks.volumes == placed
    [mark] = made_up.marks.list_all()
    assert (mark.ports, mark.subnet) == (frozenset(made.ports.values()), made.subnet)


def test_added_ports_are_in_the_only_mark_of_the_stack(made_up: MadeUpEngine) -> None:
    made = made_up.reserve()
    more = {**WANTED.holders, "tracking": "mlw-tracking"}

    changed = made_up.change(replace(WANTED, holders=more), made)

    [mark] = made_up.marks.list_all()
    assert mark.ports == frozenset(changed.ports.values())
    assert len(mark.ports) == 3


def test_a_mark_has_the_labels_of_the_stacks_objects(made_up: MadeUpEngine) -> None:
    made_up.reserve(replace(WANTED, resource_id="/subscriptions/0/resourceGroups/rg"))

    [(name, given)] = made_up.marks.volumes.items()
    assert name.startswith("rg-reservation-")
    assert labels.identity_of(given) == "id1"
    assert (given[labels.STACK], given[labels.RESOURCE_ID]) == ("dev", "/subscriptions/0/resourceGroups/rg")
    assert "since" in given[labels.MADE_BY]


def test_a_release_removes_the_stacks_own_mark_only(made_up: MadeUpEngine) -> None:
    made_up.reserve()
    other = made_up.reserve(replace(WANTED, stack_id="id2", names={**WANTED.names, "networks": ["rg2"]}))

    reservation.release("id1", engine=made_up)

    assert [mark.ports for mark in made_up.marks.list_all()] == [frozenset(other.ports.values())]


def test_a_renamed_container_gets_another_port_than_the_one_that_still_runs(made_up: MadeUpEngine) -> None:
    made = made_up.reserve()
    made_up.ports = {port: use for use, port in made.ports.items()}
    renamed = {"containers": ["st-storage", "crnew-registry"], "volumes": [], "networks": ["rg"]}
    holders = {"storage": "st-storage", "registry": "crnew-registry"}

    changed = made_up.change(replace(WANTED, names=renamed, holders=holders), made)

    assert changed.ports["storage"] == made.ports["storage"]
    assert changed.ports["registry"] not in made_up.ports


def test_a_name_of_another_owner_is_rejected(made_up: MadeUpEngine) -> None:
    made_up.containers["st-storage"] = {labels.ID: "id2", labels.STACK: "dev", labels.MADE_BY: "ada@host"}

    with pytest.raises(
        ForeignObjectError, match=r"stack 'dev' of ada@host: container 'st-storage'.*'ml-workspace:instance'"
    ):
        made_up.reserve()


def test_foreign_objects_are_named_by_owner_without_advice_to_remove_them(made_up: MadeUpEngine) -> None:
    theirs = {labels.ID: "id2", labels.STACK: "other", labels.MADE_BY: "ada@host, since noon"}
    made_up.containers |= {"st-storage": theirs, "cr-registry": theirs}
    made_up.networks["rg"] = {}

    with pytest.raises(ForeignObjectError) as refusal:
        made_up.reserve()

    assert (
        "stack 'other' of ada@host, since noon: container 'st-storage', container 'cr-registry'; "
        "not created by this project: network 'rg'. Nothing was created, adopted or removed." in str(refusal.value)
    )
    assert "emove " not in str(refusal.value)
    assert "backup" not in str(refusal.value)


def test_objects_of_a_stack_of_the_same_name_may_be_its_own_earlier_ones(made_up: MadeUpEngine) -> None:
    made_up.containers["st-storage"] = {labels.ID: "id2", labels.STACK: "dev", labels.MADE_BY: "ada@host"}

    with pytest.raises(ForeignObjectError, match="restore a backup of the state first"):
        made_up.reserve()


def test_a_missing_image_is_named(made_up: MadeUpEngine) -> None:
    made_up.images = {}

    with pytest.raises(ImageMissingError, match="'ml-workspace/minio:1' not found"):
        made_up.reserve()


def test_failed_reservation_leaves_no_claim(made_up: MadeUpEngine, tmp_path: Path) -> None:
    with pytest.raises(PortRangeExhaustedError):
        made_up.reserve(replace(WANTED, ports=(25100, 25100)))

    claims = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert [claim for claim in claims if claim] == []
    assert not made_up.marks.volumes


def test_more_cpus_than_the_engine_has_are_rejected_before_anything_is_created(made_up: MadeUpEngine) -> None:
    with pytest.raises(EngineError, match=r"limits\.keyVault\.cpu' is 2\.5; allowed: at most 2") as refused:
        made_up.reserve(replace(WANTED, cpus={"keyVault": 2.5, "storageAccount": 2.0}))

    assert "storageAccount" not in str(refused.value)


def test_cpus_up_to_the_engines_number_are_accepted(made_up: MadeUpEngine) -> None:
    assert made_up.reserve(replace(WANTED, cpus={"keyVault": 2.0}))


def test_a_rebuilt_image_is_looked_up_by_its_tag(made_up: MadeUpEngine) -> None:
    before = made_up.reserve()
    made_up.images = {"ml-workspace/minio:1": "sha256:2"}

    assert made_up.change(WANTED, before).image_ids == {"minio": "sha256:2"}
