"""Port claims on a temporary home and real sockets."""

import json
import socket
from pathlib import Path

import pytest

from infra.clients.engine import port_claims
from infra.clients.engine.claims import open_claims, read_claims
from infra.errors import PortRangeExhaustedError


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLW_HOME", str(tmp_path))


def _claim(owner: str, uses: list[str], *, first: int = 21000, last: int = 21999, **kwargs: object) -> dict[str, int]:
    # What else runs on the machine takes no port, unless a test asks the system.
    arguments = {"published": {}, "reserved": (), "kept": {}, "is_free": lambda _port: True, **kwargs}
    holders = {use: f"container-{use}" for use in uses}
    with open_claims("ports") as claims:
        claims[owner] = port_claims.choose(claims, owner, holders, first=first, last=last, **arguments)  # type: ignore[arg-type]
    return port_claims.claimed(owner)


def test_every_use_gets_its_own_port_inside_the_range() -> None:
    ports = _claim("b/dev", ["storage", "registry", "keyVault"])

    assert len(set(ports.values())) == 3
    assert all(21000 <= port <= 21999 for port in ports.values())


def test_two_stacks_never_share_a_port() -> None:
    first = _claim("b/dev", ["a", "b", "c"], first=21000, last=21009)
    second = _claim("b/prod", ["a", "b", "c"], first=21000, last=21009)

    assert not set(first.values()) & set(second.values())


def test_a_claimed_port_stays_the_same_when_a_use_is_added() -> None:
    before = _claim("b/dev", ["storage"])

    after = _claim("b/dev", ["storage", "registry"], kept=before)

    assert after["storage"] == before["storage"]


@pytest.mark.parametrize(
    ("published", "is_free", "kept"),
    [
        pytest.param({}, True, True, id="free"),
        pytest.param({21000: "container-storage"}, False, True, id="published by its own container"),
        pytest.param({21000: "web"}, True, False, id="published by another one"),
        pytest.param({}, False, False, id="somebody listens"),
    ],
)
def test_a_released_port_is_claimed_again_unless_it_was_taken(
    *, published: dict[int, str], is_free: bool, kept: bool
) -> None:
    ports = _claim(
        "b/dev", ["storage"], published=published, is_free=lambda p: is_free or p != 21000, kept={"storage": 21000}
    )

    assert (ports["storage"] == 21000) is kept


def test_a_released_port_that_another_stack_claimed_is_not_kept() -> None:
    _claim("b/prod", ["storage"], first=21000, last=21000)

    assert _claim("b/dev", ["storage"], kept={"storage": 21000})["storage"] != 21000


def test_a_port_that_a_stopped_container_publishes_is_not_chosen() -> None:
    ports = _claim("b/dev", ["storage"], first=21000, last=21001, published={21000: "web"})

    assert ports == {"storage": 21001}


def test_a_port_that_a_stack_of_another_home_has_reserved_is_neither_chosen_nor_kept() -> None:
    assert _claim("b/dev", ["storage"], first=21000, last=21001, reserved={21000}) == {"storage": 21001}
    assert _claim("b/new", ["a"], first=21000, last=21002, reserved={21000}, kept={"a": 21000}) == {"a": 21002}


def test_a_port_in_use_is_not_chosen() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]

        with pytest.raises(PortRangeExhaustedError, match=rf"fewer than 1 ports of {port}-{port} are free"):
            _claim("b/dev", ["storage"], first=port, last=port, is_free=port_claims.is_free)


def test_an_exhausted_range_names_the_holders_and_claims_nothing() -> None:
    _claim("b/prod", ["storage"], first=21000, last=21000)

    with pytest.raises(PortRangeExhaustedError, match=r"held by kvprod-vault, 1 claimed by other stacks\).*portRange"):
        _claim("b/dev", ["storage", "registry"], first=21000, last=21002, published={21001: "kvprod-vault", 3: "other"})

    assert list(read_claims("ports")) == ["b/prod"]


def test_released_ports_can_be_claimed_again_and_releasing_twice_is_fine() -> None:
    _claim("b/prod", ["storage"], first=21000, last=21000)

    port_claims.release("b/prod")
    port_claims.release("b/prod")

    assert _claim("b/dev", ["storage"], first=21000, last=21000) == {"storage": 21000}


def test_claims_are_in_the_bootstraps_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`MLW_HOME=~/x` was a folder named `~` for claims, and the user's home for everything else."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MLW_HOME", "~/x")
    ports = _claim("b/dev", ["storage"])
    assert json.loads((tmp_path / "x" / "ports.json").read_text()) == {"b/dev": ports}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"b/dev": 1}'], ids=["empty", "a list", "no ports"])
def test_a_damaged_file_of_claims_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ports.json").write_bytes(content)
    assert port_claims.claimed("b/dev") == {}
    assert _claim("b/prod", ["storage"], first=21000, last=21000) == {"storage": 21000}


def test_a_claimed_port_is_the_owners_alone() -> None:
    ports = _claim("b/dev", ["storage"])
    assert port_claims.claimed("b/dev") == ports
    assert port_claims.claimed("b/other") == {}
