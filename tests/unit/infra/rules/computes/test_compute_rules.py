"""Rules for computes that whole stack files do not show; for the others see `testdata/bad_computes.yaml`."""

import pytest

from infra.rules.computes.compute_rules import (
    KEY_VAULT,
    TRACKING,
    TYPE,
    check_computes,
    check_needs,
    check_principals,
)
from infra.rules.computes.durations import duration_of, duration_seconds

CPU = {"name": "cpu", "type": "AmlCompute"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT0S", 0), ("PT120S", 120), ("PT2M", 120), ("PT1H30M", 5400), ("P1D", 86400), ("P1DT1S", 86401)],
)
def test_duration_is_read(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "120", "2m", "PT1.5S", "-PT1S", "P1DT", "P1M", "pt1s", "PT1S\n"])
def test_text_that_is_no_duration_is_refused(text: str) -> None:
    assert duration_seconds(text) is None


def test_duration_of_seconds_is_read_back() -> None:
    assert duration_seconds(duration_of(90)) == 90


@pytest.mark.parametrize("type_", ["Kubernetes", "SynapseSpark", "Databricks"])
def test_other_type_of_compute_is_refused_with_its_reason(type_: str) -> None:
    (violation,) = check_computes([{"name": "cpu", "type": type_}])

    assert (violation.rule, violation.key) == (TYPE, "ml-workspace:computes[0].type")
    assert "unknown" not in violation.found
    assert violation.fix == "set 'type' to 'AmlCompute', or remove the compute"


def test_without_computes_nothing_is_needed() -> None:
    assert list(check_needs([], tracking=False, vault_owner="other")) == []
    assert list(check_principals([], [{"principal": "compute-local", "role": "Reader"}], key="roles")) == []


def test_computes_need_a_tracking_server_and_an_own_key_vault() -> None:
    found = list(check_needs([CPU], tracking=False, vault_owner="other"))

    assert [violation.rule for violation in found] == [TRACKING, KEY_VAULT]
    assert "belongs to stack 'other'" in found[1].found
    assert list(check_needs([CPU], tracking=True, vault_owner="")) == []


def test_nobody_else_has_the_principal_of_a_compute_or_of_local() -> None:
    assignments = [
        {"principal": name, "role": "Reader"} for name in ("compute-cpu", "ana", "compute-local", "compute-x")
    ]

    found = list(check_principals([{**CPU, "name": "CPU"}], assignments, key="roles"))

    assert [violation.key for violation in found] == ["roles[0].principal", "roles[2].principal"]
