"""Computes of a deployed stack: sizes as limits, never more than the machine has."""

from typing import Any

import pytest

from mlw.computes import workspace_computes as computes
from mlw.computes.machine import Machine
from mlw.stacks.stacks import open_stack
from tests.unit.states import Place, a_workspace, the_outputs

LARGE, SMALL = Machine(cpus=64, memory_mib=512 * 1024), Machine(cpus=2, memory_mib=3 * 1024)
LOCAL = {"id": "x", "name": "local", "type": "local", "principal": "compute-local"}
CPU = {
    "id": "x",
    "name": "CPU",
    "type": "AmlCompute",
    "vmSize": "Standard_DS3_v2",
    "vmPriority": "Dedicated",
    "minNodeCount": 0,
    "maxNodeCount": 4,
    "nodeIdleTimeBeforeScaleDown": "PT2M",
    "description": "",
    "tags": {},
    "principal": "compute-cpu",
}


def deployed(place: Place, *entries: dict[str, Any]) -> None:
    more = {"computes": list(entries)} if entries else {}
    place.deploy("dev", a_workspace("dev", outputs=the_outputs("dev", **more)))


def test_a_stack_without_computes_has_none_and_asks_no_engine(place: Place) -> None:
    deployed(place)

    assert computes.computes_of(open_stack("dev")) == []


def test_a_size_limits_a_job(place: Place) -> None:
    deployed(place, LOCAL, CPU)

    local, cpu = computes.computes_of(open_stack("dev"), LARGE)
    assert cpu == computes.Compute(
        name="CPU", type="AmlCompute", vm_size="STANDARD_DS3_V2", cpus=4, memory_mib=14 * 1024, min_nodes=0,
        max_nodes=4, idle_seconds=120, priority="Dedicated", principal="compute-cpu",
    )  # fmt: skip
    assert (local.name, local.type, local.vm_size, local.max_nodes) == ("local", "local", "", 1)
    assert (local.cpus, local.memory_mib, local.principal) == (64, 512 * 1024, "compute-local")


def test_no_job_gets_more_than_the_machine_has_and_a_notice_says_so(place: Place) -> None:
    deployed(place, LOCAL, CPU, {**CPU, "name": "small", "vmSize": "STANDARD_D1_V2"})

    local, cpu, _ = computes.computes_of(open_stack("dev"), SMALL)
    assert (cpu.cpus, cpu.memory_mib, local.notices) == (2, 3 * 1024, ())
    assert cpu.notices == (
        "A job on compute 'CPU' gets 2 CPUs instead of 4 and 3.0 GiB of memory instead of 14: that is what this "
        "machine has for jobs, and less than STANDARD_DS3_V2.",
    )


def test_what_fits_needs_no_notice(place: Place) -> None:
    deployed(place, LOCAL, {**CPU, "vmSize": "STANDARD_F1"})

    assert [compute.notices for compute in computes.computes_of(open_stack("dev"), SMALL)] == [(), ()]


def test_a_size_of_a_later_version_gets_what_the_machine_has(place: Place) -> None:
    deployed(place, LOCAL, {**CPU, "vmSize": "STANDARD_D2_V9"})

    _, found = computes.computes_of(open_stack("dev"), SMALL)
    assert (found.vm_size, found.cpus, found.memory_mib, found.notices) == ("STANDARD_D2_V9", 2, 3 * 1024, ())


def test_a_compute_is_found_in_any_case(place: Place) -> None:
    deployed(place, LOCAL, CPU)

    assert computes.find_compute(open_stack("dev"), "cpu", SMALL).name == "CPU"


def test_an_unknown_compute_is_refused_with_the_known_ones(place: Place) -> None:
    deployed(place, LOCAL, CPU)

    with pytest.raises(
        computes.NoSuchComputeError, match=r"compute 'CPUs'.*stack 'dev'\. Did you mean 'CPU'\? Computes: local, CPU\.$"
    ):
        computes.find_compute(open_stack("dev"), "CPUs", SMALL)


def test_a_stack_without_computes_is_told_how_to_create_one(place: Place) -> None:
    deployed(place)

    with pytest.raises(computes.NoSuchComputeError, match=r"none\. Create one: `mlw compute create dev --name cpu "):
        computes.find_compute(open_stack("dev"), "cpu")
