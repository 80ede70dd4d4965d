"""What the program registers with computes, and that without them nothing is different."""

import json
from typing import Any

import pytest

from tests.support.mocks import TOKENS
from tests.unit.infra.test_program import CONFIG, Run, run_program

ASSIGNED = '[{"principal": "ana", "role": "DataScientist"}]'
COMPUTES = """[
    {"name": "CPU-cluster", "type": "AmlCompute", "vmSize": "STANDARD_D2_V2", "tags": {"purpose": "tests"}},
    {"name": "spot", "type": "AmlCompute", "vmPriority": "LowPriority", "maxNodeCount": 1}
]"""
OFF = {**CONFIG, "ml-workspace:tracking": "{}", "ml-workspace:roleAssignments": ASSIGNED}
ON = {**OFF, "ml-workspace:computes": COMPUTES}
PRINCIPALS = ["compute-cpu-cluster", "compute-local", "compute-spot"]


@pytest.fixture(scope="module")
def run(event_loops: None) -> Run:
    """Run the program once for a stack with computes and a principal."""
    return run_program(ON)


@pytest.fixture(scope="module")
def without(event_loops: None) -> Run:
    """The same without computes."""
    return run_program(OFF)


def policies(run: Run) -> dict[str, Any]:
    """The policy of each user of the storage account."""
    (made,) = run.mocks.of_type(TOKENS["StoragePrincipals"])
    return dict(made.inputs["policies"])


def test_without_computes_nothing_of_them_is_registered(without: Run) -> None:
    told = json.dumps([[made.type, made.name, made.inputs] for made in without.mocks.resources], default=str)

    assert [name for name in (*PRINCIPALS, "jobs/*", "assets/") if name in told] == []
    assert "computes" not in without.outputs


def test_their_names_are_kept_for_management_locks(run: Run, without: Run) -> None:
    (guard,), (plain,) = run.mocks.of_type(TOKENS["ChangeGuard"]), without.mocks.of_type(TOKENS["ChangeGuard"])

    assert guard.inputs["computes"] == ["CPU-cluster", "spot"]
    assert "computes" not in plain.inputs


def test_only_principals_differ(run: Run, without: Run) -> None:
    before = {(made.type, made.name) for made in without.mocks.resources}
    added = {(made.type, made.name) for made in run.mocks.resources} - before

    assert added == {
        (TOKENS["GeneratedSecrets"], f"mlw-churn-dev-westeurope-001-principal-{name}") for name in PRINCIPALS
    }


def test_each_compute_has_a_user_in_the_storage_account(run: Run) -> None:
    assert set(policies(run)) >= {"ana", *PRINCIPALS}
    assert "arn:aws:s3:::azureml/jobs/*" in json.dumps(policies(run)["compute-spot"])
    assert "arn:aws:s3:::azureml/jobs/*" not in json.dumps(policies(run)["ana"])


def test_the_output_lists_local_and_every_compute(run: Run) -> None:
    workspace = run.outputs["workspace"]["id"]

    local, cluster, spot = run.outputs["computes"]
    assert local == {"id": f"{workspace}/computes/local", "name": "local", "type": "local", "principal": PRINCIPALS[1]}
    assert cluster == {
        "id": f"{workspace}/computes/CPU-cluster",
        "name": "CPU-cluster",
        "type": "AmlCompute",
        "vmSize": "STANDARD_D2_V2",
        "vmPriority": "Dedicated",
        "minNodeCount": 0,
        "maxNodeCount": 4,
        "nodeIdleTimeBeforeScaleDown": "PT120S",
        "description": "",
        "tags": {"purpose": "tests"},
        "principal": "compute-cpu-cluster",
    }
    assert (spot["vmSize"], spot["vmPriority"], spot["maxNodeCount"]) == ("STANDARD_DS3_V2", "LowPriority", 1)


def test_principals_of_computes_are_listed_with_the_place_of_their_credentials(run: Run) -> None:
    held = {one["principal"]: one for one in run.outputs["roleAssignments"]}

    assert set(held) == {"ana", *PRINCIPALS}
    assert held["compute-spot"] == {
        "principal": "compute-spot",
        "role": "AzureML Compute Identity",
        "vaultPath": "principals/compute-spot",
    }
