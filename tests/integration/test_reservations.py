"""Stacks of several homes reserve ports and subnets on one engine at the same moment."""

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from ipaddress import IPv4Network
from multiprocessing import get_context
from pathlib import Path

import pytest
from docker import DockerClient
from docker.errors import NotFound
from docker.types import IPAMConfig, IPAMPool

from infra import labels
from infra.clients.engine import engine_claims, engine_inventory, reservation, reservation_marks, subnet_claims
from infra.clients.engine.reservation import Wanted
from infra.clients.state import known_stacks
from infra.resources.stack_identity import StackIdentityProvider

HOMES = 5
USES = ("storage", "registry", "keyVault", "insights")
PORTS = (31400, 31400 + HOMES * len(USES) - 1)
"""Not one to spare: whoever chooses meets somebody. Outside of the range that real stacks choose from."""
POOL = IPv4Network("10.215.0.0/24")
"""Eight subnets, outside of the pool of real stacks."""


def _wanted(stack_id: str) -> Wanted:
    return Wanted(
        stack=f"house-{stack_id}",
        stack_id=stack_id,
        names={"containers": [], "volumes": [], "networks": [f"mlw-test-{stack_id}"]},
        holders={use: f"mlw-test-{stack_id}-{use}" for use in USES},
        images={},
        ports=PORTS,
    )


def _create(home: str, stack_id: str) -> tuple[list[int], str]:
    """Reserve in a home of its own, and create the network, as an update does."""
    from tests.support.engine import open_engine  # noqa: PLC0415 - in the new process

    os.environ["MLW_HOME"] = home
    subnet_claims.POOL = POOL
    # Everybody chooses from the engine as it was before the first one.
    reserved = engine_claims.claim(
        reservation.wish(_wanted(stack_id), kept={}, subnet=None), engine_inventory.Inventory({}, {}, {}, (), {})
    )
    with open_engine() as engine:
        pool = IPAMPool(subnet=reserved[1])
        engine.networks.create(
            f"mlw-test-{stack_id}", ipam=IPAMConfig(pool_configs=[pool]), labels={labels.ID: stack_id}
        )
    return sorted(reserved[0].values()), reserved[1]


@pytest.fixture
def stack_ids(engine: DockerClient) -> Iterator[list[str]]:
    """Identities of new stacks."""
    ids = [uuid.uuid4().hex for _ in range(HOMES)]
    yield ids
    for stack_id in ids:
        with suppress(NotFound):
            engine.networks.get(f"mlw-test-{stack_id}").remove()
        reservation_marks.remove(mark for mark in reservation_marks.list_all() if mark.stack_id == stack_id)


def test_stacks_of_several_homes_that_are_created_at_once_all_succeed(
    stack_ids: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = [str(tmp_path / stack_id) for stack_id in stack_ids]
    with ProcessPoolExecutor(HOMES, mp_context=get_context("spawn")) as pool:
        made = list(pool.map(_create, homes, stack_ids))

    ports = [port for chosen, _ in made for port in chosen]
    assert sorted(ports) == list(range(PORTS[0], PORTS[1] + 1))
    assert len({subnet for _, subnet in made}) == HOMES

    placed = {mark.stack_id: mark for mark in reservation_marks.list_all()}
    assert [sorted(placed[stack_id].ports) for stack_id in stack_ids] == [chosen for chosen, _ in made]
    monkeypatch.setenv("MLW_HOME", homes[0])
    reservation.release(stack_ids[0])
    assert not {mark.stack_id for mark in reservation_marks.list_all()} & {stack_ids[0]}
    assert {mark.stack_id for mark in reservation_marks.list_all()} >= {*stack_ids[1:]}


def test_what_a_killed_run_reserved_without_recording_it_goes_with_the_identity(
    stack_ids: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLW_HOME", str(tmp_path))
    reservation.reserve(_wanted(stack_ids[0]))
    assert stack_ids[0] in {mark.stack_id for mark in reservation_marks.list_all()}

    known_stacks.set_going(stack_ids[0], going=True)
    StackIdentityProvider().delete(stack_ids[0], {"stack_id": stack_ids[0], "resource_name": "rg-x"})

    assert stack_ids[0] not in {mark.stack_id for mark in reservation_marks.list_all()}
