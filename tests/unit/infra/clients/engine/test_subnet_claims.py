"""Subnets of the stacks' networks."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from infra.clients.engine import subnet_claims
from infra.clients.engine.claims import open_claims

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"


@pytest.fixture(autouse=True)
def routes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLW_HOME", str(tmp_path))
    path = tmp_path / "route"
    path.write_text(HEADER + "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n")
    monkeypatch.setattr(subnet_claims, "_ROUTES", path)
    return path


def _claim(owner: str, *, taken: list[str]) -> str:
    with open_claims("subnets") as claims:
        subnet = subnet_claims.choose(claims, owner, taken=taken)
        claims.update({owner: subnet} if subnet else {})
    return subnet


def test_a_subnet_is_a_small_part_of_the_pool() -> None:
    subnet = IPv4Network(_claim("b/dev", taken=[]))

    assert subnet.subnet_of(subnet_claims.POOL)
    assert subnet.prefixlen == 27


def test_a_hundred_stacks_get_a_hundred_subnets() -> None:
    assert len({_claim(f"b/{n}", taken=[]) for n in range(100)}) == 100


def test_a_subnet_that_a_network_of_the_engine_overlaps_is_not_chosen() -> None:
    half = IPv4Network("10.213.0.0/17")

    claimed = [IPv4Network(_claim(f"b/{n}", taken=[str(half), "fd00::/64"])) for n in range(20)]

    assert not any(subnet.overlaps(half) for subnet in claimed)


def test_a_route_over_the_whole_pool_leaves_the_choice_to_the_engine(routes: Path) -> None:
    routes.write_text(HEADER + "tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n")

    assert _claim("b/dev", taken=[]) == ""


def test_a_released_subnet_is_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subnet_claims, "POOL", IPv4Network("10.213.0.0/27"))
    first = _claim("b/dev", taken=[])
    assert _claim("b/prod", taken=[]) == ""

    subnet_claims.release("b/dev")

    assert _claim("b/prod", taken=[]) == first
