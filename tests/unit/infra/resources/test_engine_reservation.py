"""What a stack claims on the engine when it is made and when it changes, against a made-up engine."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.clients.engine import docker_engine
from infra.errors import EngineError, ForeignObjectError, ImageMissingError, PortRangeExhaustedError
from infra.resources.engine_reservation import _EngineReservationProvider

PROPS: dict[str, Any] = {
    "stack": "dev",
    "backend": "b1",
    "names": {"containers": ["st-storage", "cr-registry"], "volumes": [], "networks": ["rg"]},
    "holders": {"storage": "st-storage", "registry": "cr-registry"},
    "images": {"minio": "ml-workspace/minio:1"},
    "revisions": {"minio": 1.0},
    "first_port": 25100.0,
    "last_port": 25199.0,
}


class _Engine:
    """An engine that holds what a test puts there."""

    def __init__(self) -> None:
        self.containers: dict[str, Mapping[str, str]] = {}
        self.images = {"ml-workspace/minio:1": "sha256:1"}
        self.ports: dict[int, str] = {}
        self.subnets: Sequence[str] = ()

    def inventory(self) -> docker_engine.Inventory:
        return docker_engine.Inventory(
            containers=self.containers,
            volumes={},
            networks={},
            subnets=self.subnets,
            images=self.images,
            ports=self.ports,
        )


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Engine:
    made = _Engine()
    monkeypatch.setenv("MLW_HOME", str(tmp_path))
    monkeypatch.setattr(docker_engine, "inventory", made.inventory)
    monkeypatch.setattr(docker_engine, "remove_leftovers", lambda **_: None)
    monkeypatch.setattr(docker_engine, "cpus", lambda: 2)
    return made


def _create() -> dict[str, Any]:
    outs = _EngineReservationProvider().create(dict(PROPS)).outs
    assert outs is not None
    return outs


def _update(olds: dict[str, Any], **changed: object) -> dict[str, Any]:
    outs = _EngineReservationProvider().update("b1/dev", olds, {**PROPS, **changed}).outs
    assert outs is not None
    return outs


def test_an_update_keeps_the_ports(held: _Engine) -> None:
    made = _create()

    assert sorted(made["ports"]) == ["registry", "storage"]
    assert _update(made)["ports"] == made["ports"]


def test_a_renamed_container_gets_another_port_than_the_one_that_still_runs(held: _Engine) -> None:
    made = _create()
    held.ports = {int(port): use for use, port in made["ports"].items()}
    renamed = {"containers": ["st-storage", "crnew-registry"], "volumes": [], "networks": ["rg"]}

    changed = _update(made, names=renamed, holders={"storage": "st-storage", "registry": "crnew-registry"})

    assert changed["ports"]["storage"] == made["ports"]["storage"]
    assert changed["ports"]["registry"] not in held.ports


def test_a_name_that_belongs_to_somebody_else_is_refused(held: _Engine) -> None:
    held.containers["st-storage"] = {"ml-workspace.stack": "prod", "ml-workspace.backend": "b1"}

    with pytest.raises(ForeignObjectError, match="container 'st-storage' exist and do not belong to this stack"):
        _create()


def test_a_missing_image_is_named(held: _Engine) -> None:
    held.images = {}

    with pytest.raises(ImageMissingError, match="'ml-workspace/minio:1' not found"):
        _create()


def test_what_cannot_be_reserved_leaves_no_claim(held: _Engine, tmp_path: Path) -> None:
    assert held
    with pytest.raises(PortRangeExhaustedError):
        _EngineReservationProvider().create(PROPS | {"last_port": PROPS["first_port"]})

    claims = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert [claim for claim in claims if claim] == []


def test_more_cpus_than_the_engine_has_are_refused_before_anything_is_made(held: _Engine) -> None:
    assert held
    with pytest.raises(EngineError, match=r"limits\.keyVault\.cpu' is 2\.5; allowed: at most 2") as refused:
        _EngineReservationProvider().create(PROPS | {"cpus": {"keyVault": 2.5, "storageAccount": 2.0}})

    assert "storageAccount" not in str(refused.value)


def test_cpus_that_the_engine_has_are_given(held: _Engine) -> None:
    assert held
    assert _EngineReservationProvider().create(PROPS | {"cpus": {"keyVault": 2.0}}).outs


def test_an_image_that_was_made_anew_under_its_tag_is_taken_over_with_its_next_revision(held: _Engine) -> None:
    before = _create()
    held.images = {"ml-workspace/minio:1": "sha256:2"}
    provider = _EngineReservationProvider()

    assert not provider.diff("id", before, PROPS).changes
    assert provider.diff("id", before, {**PROPS, "revisions": {"minio": 2.0}}).changes
    assert provider.diff("id", {key: before[key] for key in before if key != "revisions"}, PROPS).changes
    assert _update(before, revisions={"minio": 2.0})["image_ids"] == {"minio": "sha256:2"}
