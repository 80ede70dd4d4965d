"""What was changed at a running container: each change is seen, named, and undone by what undoes it."""

from collections.abc import Mapping
from typing import Any

import pytest

from mlw.lifecycle.container_drift import Drift, Repair, compare, in_order

MIB = 2**20
WANTED = {
    "name": "kv-vault",
    "networksAdvanced": [{"name": "rg"}],
    "memory": 512,
    "memorySwap": 512,
    "restart": "unless-stopped",
    "cpus": None,
    "cpuShares": 0,
    "cpuSet": "",
}
"""Outputs of a container, as the provider writes them."""


def actual(
    *,
    state: Mapping[str, Any] | None = None,
    host: Mapping[str, Any] | None = None,
    networks: tuple[str, ...] = ("rg",),
    name: str = "kv-vault",
) -> dict[str, Any]:
    """Return what the engine says of the container, with changes."""
    limits = {"Memory": 512 * MIB, "MemorySwap": 512 * MIB, "NanoCpus": 0, "CpuShares": 0, "CpusetCpus": ""}
    policy = {"RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}, "CpuQuota": 0, "CpuPeriod": 0}
    return {
        "Name": f"/{name}",
        "State": {"Running": True, "Paused": False, **(state or {})},
        "HostConfig": {**limits, **policy, **(host or {})},
        "NetworkSettings": {"Networks": {name: {} for name in networks}},
    }


def test_container_as_it_should_be_has_no_drift() -> None:
    assert list(compare(WANTED, actual())) == []
    assert list(compare({**WANTED, "cpus": "0.5"}, actual(host={"NanoCpus": 500_000_000}))) == []


def test_container_that_does_not_run_is_the_refreshs_part() -> None:
    assert list(compare(WANTED, actual(state={"Running": False}, networks=()))) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"state": {"Paused": True}}, ("paused", Repair.RESUME, "")),
        ({"networks": ("bridge",)}, ("disconnected from network 'rg'", Repair.CONNECT, "rg")),
        ({"host": {"Memory": 600 * MIB}}, ("memory 600 MiB instead of 512 MiB", Repair.UPDATE, "")),
        ({"host": {"MemorySwap": 2048 * MIB}}, ("memory with swap 2048 MiB instead of 512 MiB", Repair.UPDATE, "")),
        (
            {"host": {"RestartPolicy": {"Name": "no"}}},
            ("restart policy 'no' instead of 'unless-stopped'", Repair.UPDATE, ""),
        ),
        ({"host": {"NanoCpus": 500_000_000}}, ("NanoCpus 500000000 instead of none", Repair.REPLACE, "")),
        ({"host": {"CpuQuota": 5000}}, ("CpuQuota 5000 instead of none", Repair.REPLACE, "")),
        ({"host": {"CpuShares": 2}}, ("CpuShares 2 instead of none", Repair.REPLACE, "")),
        ({"host": {"CpusetCpus": "0"}}, ("CpusetCpus 0 instead of none", Repair.REPLACE, "")),
        ({"host": {"CpusetMems": "0"}}, ("CpusetMems 0 instead of none", Repair.REPLACE, "")),
        ({"host": {"PidsLimit": 50}}, ("PidsLimit 50 instead of none", Repair.REPLACE, "")),
        ({"host": {"MemoryReservation": 5}}, ("MemoryReservation 5 instead of none", Repair.REPLACE, "")),
        ({"host": {"BlkioWeight": 10}}, ("BlkioWeight 10 instead of none", Repair.REPLACE, "")),
        ({"name": "mine"}, ("renamed to 'mine'", Repair.RENAME, "")),
    ],
    ids=str,
)
def test_change_is_named_and_undone(changed: dict[str, Any], expected: tuple[str, Repair, str]) -> None:
    assert list(compare(WANTED, actual(**changed))) == [expected]


def test_limit_of_cpus_that_was_taken_away_is_one_too() -> None:
    (change,) = compare({**WANTED, "cpus": "0.5"}, actual())
    assert change == ("NanoCpus 0 instead of 500000000", Repair.REPLACE, "")


def test_exchanged_names_are_freed_first_and_what_is_replaced_comes_last() -> None:
    found = [
        Drift(id=identity, container=identity, change="", repair=repair)
        for identity, repair in (("a", Repair.REPLACE), ("a", Repair.RENAME), ("b", Repair.RENAME))
    ]

    assert [(drift.id, drift.repair) for drift in in_order(found)] == [
        ("a", Repair.MAKE_ROOM),
        ("b", Repair.MAKE_ROOM),
        ("a", Repair.RENAME),
        ("b", Repair.RENAME),
        ("a", Repair.REPLACE),
    ]
    assert [drift.repair for drift in in_order(found[:2])] == [Repair.RENAME, Repair.REPLACE]


def test_a_lost_alias_is_given_back() -> None:
    wanted = {**WANTED, "networksAdvanced": [{"name": "rg", "aliases": ["store"]}]}

    assert list(compare(wanted, actual())) == [("without its alias in network 'rg'", Repair.RECONNECT, "rg")]
    kept = {"NetworkSettings": {"Networks": {"rg": {"Aliases": ["store", "0123456789ab"]}}}}
    assert list(compare(wanted, {**actual(), **kept})) == []
