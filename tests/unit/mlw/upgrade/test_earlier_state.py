"""A whole state, from the form before the provider plugin to today's: made up here, recorded in the e2e tests."""

from typing import Any

import pytest

from infra.errors import EarlierVersionError
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.upgrade import earlier_state
from mlw.upgrade.earlier_state import Identity

HEAD, GROUP_TYPE = "urn:pulumi:dev::ml-workspace::", "ml-workspace:resources:ResourceGroup"
ACCOUNT_TYPE = f"{GROUP_TYPE}$ml-workspace:storage:StorageAccount"
DYNAMIC = "pulumi-python:dynamic/ml-workspace:"
GROUP, ACCOUNT = f"{HEAD}{GROUP_TYPE}::rg-dev", f"{HEAD}{ACCOUNT_TYPE}::stdev"
PROVIDER = f"{HEAD}pulumi:providers:pulumi-python::default"
RESERVATION = f"{HEAD}{GROUP_TYPE}${DYNAMIC}EngineReservation::rg-dev-reservation"
VOLUME = f"{HEAD}{ACCOUNT_TYPE}$docker:index/volume:Volume::stdev-storage-data1"
IDENTITY = Identity(stack_id="1a", stack="dev", made_by="ada")
RESERVED = {"names": {}, "holders": {}, "ports": {}, "subnet": "", "image_ids": {}, "backend": "0123", "stack": "dev"}


def resource(urn: str, **more: object) -> dict[str, Any]:
    found = {"urn": urn, "type": urn.split("::")[2].rpartition("$")[2], "custom": True, "inputs": {}, "outputs": {}}
    return {**found, **more}


EARLIER: list[dict[str, Any]] = [
    resource(GROUP, custom=False),
    resource(ACCOUNT, custom=False, parent=GROUP),
    resource(PROVIDER, id="p1", inputs={"ml-workspace:workload": "churn"}),
    resource(
        RESERVATION,
        id="0123/dev",
        parent=GROUP,
        provider=f"{PROVIDER}::p1",
        inputs={"__provider": "pickled", **RESERVED},
        outputs=RESERVED,
    ),
    resource(
        VOLUME,
        id="stdev-storage-data1",
        parent=ACCOUNT,
        dependencies=[RESERVATION],
        propertyDependencies={"name": [RESERVATION]},
    ),
    resource(
        f"{HEAD}{GROUP_TYPE}${DYNAMIC}UsageGuard::dev-usage",
        id="dev",
        parent=GROUP,
        provider=f"{PROVIDER}::p1",
        dependencies=[VOLUME],
        inputs={"stack": "dev", "project": "p", "resource_ids": []},
        outputs={"stack": "dev", "project": "p", "resource_ids": []},
    ),
]


def taken_over(*resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    deployment = earlier_state.take_over({"resources": list(resources), "manifest": {}}, IDENTITY)
    return {one["urn"].rpartition("::")[2]: one for one in deployment["resources"]}


def test_types_names_and_all_references_are_todays() -> None:
    found = taken_over(*EARLIER)

    reservation = found["rg-dev-reservation"]
    assert reservation["urn"] == f"{HEAD}{GROUP_TYPE}$ml-workspace:engine:EngineReservation::rg-dev-reservation"
    assert reservation["provider"] == f"{HEAD}pulumi:providers:ml-workspace::default::p1"
    assert found["stdev-storage-data1"]["propertyDependencies"] == {"name": [reservation["urn"]]}
    assert found["rg-dev-usage"]["type"] == "ml-workspace:guards:UsageGuard"
    assert "pulumi-python" not in str(found)
    assert "__provider" not in str(found)


def test_every_reference_is_to_what_stands_before_it() -> None:
    deployment = earlier_state.take_over({"resources": EARLIER}, IDENTITY)
    seen: set[str] = set()
    for one in Checkpoint({"checkpoint": {"latest": deployment}}).resources:
        named = {one.get("parent"), *one.get("dependencies", []), str(one.get("provider", "")).rpartition("::")[0]}
        assert named - {None, ""} <= seen
        seen.add(one["urn"])


def test_the_stack_has_an_identity_and_what_is_found_by_it_is_too() -> None:
    found = taken_over(*EARLIER)

    assert found["rg-dev-identity"]["outputs"]["stack_id"] == "1a"
    assert [found[name]["id"] for name in ("rg-dev-identity", "rg-dev-reservation", "rg-dev-usage")] == ["1a"] * 3


def test_no_update_removes_a_volume_from_now_on() -> None:
    found = taken_over(*EARLIER)

    guard, volume = found["stdev-storage-volumes"], found["stdev-storage-data1"]
    assert guard["inputs"] == {"stack_id": "1a", "resource_name": "stdev", "volumes": ["stdev-storage-data1"]}
    assert volume["retainOnDelete"]
    assert volume["id"] == "stdev-storage-data1"
    assert guard["urn"] in volume["dependencies"]


def test_the_configuration_that_the_old_provider_held_is_gone() -> None:
    assert taken_over(*EARLIER)["default"]["inputs"] == {}


def test_operations_of_a_killed_run_are_named_anew() -> None:
    pending = [{"type": "updating", "resource": EARLIER[3]}]
    found = earlier_state.take_over({"resources": EARLIER, "pending_operations": pending}, IDENTITY)
    assert found["pending_operations"][0]["resource"]["type"] == "ml-workspace:engine:EngineReservation"


def test_what_a_refused_update_of_a_newer_version_has_left_is_left_out() -> None:
    attempt = resource(
        f"{HEAD}{GROUP_TYPE}$ml-workspace:guards:StackIdentity::rg-dev-identity",
        id="2b",
        parent=GROUP,
        outputs={"stack_id": "2b"},
    )
    assert taken_over(*EARLIER, attempt)["rg-dev-identity"]["id"] == "1a"


def test_a_state_without_a_resource_group_is_refused() -> None:
    with pytest.raises(EarlierVersionError, match=r"it has no resource group\. Nothing was changed"):
        taken_over(resource(PROVIDER, id="p1"))
