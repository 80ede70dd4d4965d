"""Two homes choose ports and subnets on one engine at the same time, with the real decisions and marks in memory."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import IPv4Network, ip_network
from itertools import combinations
from pathlib import Path

import pytest

from infra.clients.engine import claims, engine_claims, port_claims, subnet_claims
from infra.clients.engine.engine_claims import Wish
from infra.clients.engine.engine_inventory import Inventory
from infra.clients.engine.reservation_marks import Mark
from infra.errors import EngineError, PortRangeExhaustedError
from tests.support.fake_marks import FakeMarks

USES = ("storage", "registry", "keyVault")
FIRST = 26100
EMPTY = Inventory(containers={}, volumes={}, networks={}, subnets=(), images={})


class Homes(threading.local):
    """Another home in each thread, and in each part of a test that enters one."""

    folder: Path

    def home(self) -> Path:
        return self.folder

    def locks(self) -> Path:
        return self.folder / "locks"


@pytest.fixture
def homes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Enter a home. All of them try the same port and the same subnet first."""
    places = Homes()
    monkeypatch.setattr(claims, "folders", places)
    monkeypatch.setattr(random, "randrange", lambda _count: 0)

    def enter(name: str) -> None:
        places.folder = tmp_path / name
        places.folder.mkdir(exist_ok=True)

    return enter


def wish(stack_id: str, *, ports: int = 100, kept: dict[str, int] | None = None) -> Wish:
    return Wish(
        stack=f"stack{stack_id}",
        stack_id=stack_id,
        labels={},
        prefix="rg",
        holders={use: f"{stack_id}-{use}" for use in USES},
        first=FIRST,
        last=FIRST + ports - 1,
        kept=kept or {},
        subnet=None,
    )


def no_pause(_seconds: float) -> None:
    """Choose again at once."""


def test_homes_that_choose_at_the_same_moment_share_neither_port_nor_subnet(
    homes: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The range has not one port to spare, and the pool not one subnet."""
    count, marks = 8, FakeMarks()
    monkeypatch.setattr(subnet_claims, "POOL", IPv4Network("10.213.0.0/24"))
    monkeypatch.setattr(port_claims.choose, "__kwdefaults__", {"is_free": lambda _port: True})
    monkeypatch.setattr(engine_claims, "SETTLE_SECONDS", 0.01)
    at_once = threading.Barrier(count)

    def create(stack_id: str) -> tuple[dict[str, int], str]:
        homes(stack_id)
        held = replace(EMPTY, volumes=dict(marks.volumes))
        at_once.wait(timeout=10)
        return engine_claims.claim(wish(stack_id, ports=count * len(USES)), held, marks)

    with ThreadPoolExecutor(count) as pool:
        made = list(pool.map(create, [f"id{number}" for number in range(count)]))

    ports = [port for chosen, _ in made for port in chosen.values()]
    assert len(ports) == len(set(ports)) == count * len(USES)
    assert not any(ip_network(one).overlaps(ip_network(other)) for (_, one), (_, other) in combinations(made, 2))
    assert sorted(mark.stack_id for mark in marks.list_all()) == [f"id{number}" for number in range(count)]


class Interleaved(FakeMarks):
    """Something happens before the first mark is placed, or after."""

    def __init__(
        self, *, before: Callable[[], object] | None = None, after: Callable[[], object] | None = None
    ) -> None:
        super().__init__()
        self._before, self._after = before, after

    def place(self, mark: Mark, own: object) -> None:
        before, self._before = self._before, None
        if before:
            before()
        super().place(mark, own)  # type: ignore[arg-type]
        after, self._after = self._after, None
        if after:
            after()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_stack_that_is_created_while_another_one_chooses_gets_other_ports(
    homes: Callable[[str], None], moment: str
) -> None:
    other: list[tuple[dict[str, int], str]] = []

    def create_other() -> None:
        homes("other")
        other.append(engine_claims.claim(wish("id2"), EMPTY, marks, pause=no_pause))
        homes("own")

    marks = Interleaved(**{moment: create_other})
    homes("own")

    ports, subnet = engine_claims.claim(wish("id1"), EMPTY, marks, pause=no_pause)

    [(others, other_subnet)] = other
    assert not set(ports.values()) & set(others.values())
    assert subnet != other_subnet
    assert len(marks.volumes) == 2


def test_a_choice_that_another_stack_gives_up_is_waited_for(homes: Callable[[str], None]) -> None:
    marks, waited = FakeMarks(), []
    passing = Mark(name="m", stack_id="id2", ports=frozenset({FIRST}), subnet="")
    marks.place(passing, {})

    def pause(seconds: float) -> None:
        waited.append(seconds)
        marks.remove([passing])

    homes("own")
    held = replace(EMPTY, volumes=dict(marks.volumes))

    ports, _ = engine_claims.claim(wish("id1", ports=len(USES)), held, marks, pause=pause)

    assert len(ports) == len(USES)
    assert waited == [engine_claims.SETTLE_SECONDS]


def test_ports_that_another_stack_keeps_exhaust_the_range_and_leave_nothing(homes: Callable[[str], None]) -> None:
    marks = FakeMarks()
    marks.place(Mark(name="m", stack_id="id2", ports=frozenset({FIRST}), subnet=""), {})
    homes("own")

    with pytest.raises(PortRangeExhaustedError, match="1 claimed by other stacks"):
        engine_claims.claim(
            wish("id1", ports=len(USES)), replace(EMPTY, volumes=dict(marks.volumes)), marks, pause=no_pause
        )

    assert list(marks.volumes) == ["m"]
    assert not port_claims.claimed("id1")


def test_a_mark_that_a_killed_run_of_the_stack_has_left_is_replaced(homes: Callable[[str], None]) -> None:
    marks = FakeMarks()
    marks.place(Mark(name="left", stack_id="id1", ports=frozenset({FIRST}), subnet="10.213.0.0/27"), {})
    homes("own")

    ports, subnet = engine_claims.claim(wish("id1"), replace(EMPTY, volumes=dict(marks.volumes)), marks, pause=no_pause)

    [mark] = marks.list_all()
    assert (mark.name != "left", mark.ports, mark.subnet) == (True, frozenset(ports.values()), subnet)


def test_a_settled_stack_does_not_give_way_to_one_that_begins(homes: Callable[[str], None]) -> None:
    """It meets the mark of a stack that has not looked yet, and keeps the ports of its running containers."""
    homes("own")
    marks = FakeMarks()
    ports, subnet = engine_claims.claim(wish("id1"), EMPTY, marks, pause=no_pause)
    marks.place(Mark(name="begins", stack_id="id2", ports=frozenset(ports.values()), subnet=subnet), {})

    again = engine_claims.claim(
        replace(wish("id1", kept=ports), subnet=subnet), replace(EMPTY, volumes=dict(marks.volumes)), marks
    )

    assert again == (ports, subnet)
    assert len(marks.volumes) == 2


def test_meeting_another_stack_each_time_ends_with_an_error_and_leaves_nothing(homes: Callable[[str], None]) -> None:
    class Crowded(FakeMarks):
        def list_all(self) -> list[Mark]:
            return [
                *super().list_all(),
                *(replace(mark, name="n", stack_id="id2") for mark in super().list_all() if mark.stack_id == "id1"),
            ]

    marks = Crowded()
    homes("own")

    with pytest.raises(EngineError, match=r"stack 'stackid1': 12 times in a row .* Run the command again\."):
        engine_claims.claim(wish("id1", ports=1000), EMPTY, marks, pause=no_pause)

    assert not marks.volumes
    assert not port_claims.claimed("id1")


def test_a_mark_that_cannot_be_read_reserves_nothing(homes: Callable[[str], None]) -> None:
    homes("own")
    volumes = {"m": {"ml-workspace.id": "id2", "ml-workspace.reservation": "{}"}}

    assert engine_claims.claim(wish("id1"), replace(EMPTY, volumes=volumes), FakeMarks(), pause=no_pause)
