"""Azure's sizes as CPUs and GiB: examples from Azure's own pages."""

import pytest

from infra.rules.computes.vm_sizes import find_vm_size, has_gpu, near_vm_size, vm_sizes


@pytest.mark.parametrize(
    ("name", "cpus", "memory_gib"),
    [
        ("STANDARD_DS3_V2", 4, 14),
        ("Standard_DS11_v2", 2, 14),
        ("standard_d2_v2", 2, 7),
        ("STANDARD_D4s_v3", 4, 16),
        ("STANDARD_D96ds_v5", 96, 384),
        ("STANDARD_E4S_V3", 4, 32),
        ("STANDARD_E64S_V3", 64, 432),
        ("STANDARD_F4S_V2", 4, 8),
        ("STANDARD_F2", 2, 4),
        ("STANDARD_A2_V2", 2, 4),
        ("STANDARD_L8S_V2", 8, 64),
    ],
)
def test_size_has_the_cpus_and_the_memory_that_azure_lists(name: str, cpus: int, memory_gib: float) -> None:
    found = find_vm_size(name)

    assert found is not None
    assert (found.name, found.cpus, found.memory_gib) == (name.upper(), cpus, memory_gib)


@pytest.mark.parametrize("name", ["STANDARD_DS3_V3", "STANDARD_D3_V3", "STANDARD_D2", "D2_V2", ""])
def test_size_that_azure_does_not_have_is_unknown(name: str) -> None:
    assert find_vm_size(name) is None


@pytest.mark.parametrize(
    "name", ["Standard_NC6", "STANDARD_NC24ads_A100_v4", "Standard_ND40rs_v2", "standard_nv12s_v3"]
)
def test_the_series_n_has_gpus(name: str) -> None:
    assert has_gpu(name)


def test_no_other_size_has_one() -> None:
    assert [name for name in vm_sizes() if has_gpu(name)] == []


def test_a_misspelt_size_is_recognised() -> None:
    assert near_vm_size("standard_ds3v2", "STANDARD_D2_V2") == "STANDARD_DS3_V2"
    assert near_vm_size("huge", "STANDARD_D2_V2") == "STANDARD_D2_V2"
