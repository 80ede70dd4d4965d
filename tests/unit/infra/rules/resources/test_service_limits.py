import math

import pytest

from infra.rules.resources.service_limits import MIN_MEMORY_GIB, check_limits
from infra.services import SERVICES
from infra.settings.stack_input import LimitsInput


@pytest.mark.parametrize("cpu", [0.1, 1, 64], ids=["least", "one", "most"])
def test_cpu_passes(cpu: float) -> None:
    assert check_limits({"keyVault": {"cpu": cpu}}) == []


@pytest.mark.parametrize("cpu", [0, -1, 0.09, 64.5, math.inf, math.nan], ids=str)
def test_cpu_is_refused(cpu: float) -> None:
    (violation,) = check_limits({"keyVault": {"cpu": cpu}})

    assert violation.key == "limits.keyVault.cpu"
    assert "0.1 to 64" in violation.message


@pytest.mark.parametrize("section", MIN_MEMORY_GIB, ids=str)
def test_memory_has_a_bound_below_and_above(section: str) -> None:
    least = MIN_MEMORY_GIB[section]

    assert check_limits({section: {"memoryInGB": least}}) == []
    assert check_limits({section: {"memoryInGB": 256}}) == []
    for wrong in (least / 2, 257, math.nan, math.inf):
        (violation,) = check_limits({section: {"memoryInGB": wrong}})
        assert violation.key == f"limits.{section}.memoryInGB"


def test_missing_values_break_no_rule() -> None:
    assert check_limits({"keyVault": {"cpu": None, "memoryInGB": None}, "storageAccount": {}}) == []


def test_all_mistakes_are_reported_together() -> None:
    found = check_limits({"keyVault": {"cpu": 0, "memoryInGB": 0}, "storageAccount": {"cpu": 100}})

    assert [violation.key for violation in found] == [
        "limits.keyVault.cpu",
        "limits.keyVault.memoryInGB",
        "limits.storageAccount.cpu",
    ]


def test_every_service_that_a_stack_file_can_limit_has_a_bound() -> None:
    assert {str(field.alias) for field in LimitsInput.model_fields.values()} == set(MIN_MEMORY_GIB)
    assert set(MIN_MEMORY_GIB) == set(SERVICES)
