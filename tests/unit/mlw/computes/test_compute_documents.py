"""Computes in the words of Azure's YAML and in those of the stack file."""

import pytest

from infra.rules.computes.start_stop_schedules import to_yaml
from mlw.computes.compute_documents import notices, to_document, to_entry
from mlw.computes.compute_errors import ComputeDocumentError
from mlw.computes.workspace_computes import Compute

CLUSTER = {
    "$schema": "https://azuremlschemas.azureedge.net/latest/amlCompute.schema.json",
    "name": "cpu",
    "type": "amlcompute",
    "size": "STANDARD_DS3_v2",
    "min_instances": 0,
    "max_instances": 2,
    "idle_time_before_scale_down": 120,
    "tier": "low_priority",
    "description": "Tests.",
    "tags": {"year": 2026},
}


def test_a_document_becomes_an_entry_in_the_words_of_arm() -> None:
    assert to_entry(CLUSTER) == {
        "name": "cpu",
        "type": "AmlCompute",
        "vmSize": "STANDARD_DS3_v2",
        "minNodeCount": 0,
        "maxNodeCount": 2,
        "nodeIdleTimeBeforeScaleDown": "PT120S",
        "vmPriority": "LowPriority",
        "description": "Tests.",
        "tags": {"year": "2026"},
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("location", "westus"),
        ("identity", {"type": "user_assigned"}),
        ("ssh_settings", {"admin_username": "x", "admin_password": "hunter2"}),
        ("network_settings", {"vnet_name": "x"}),
        ("enable_node_public_ip", False),
        ("schedules", {"compute_start_stop": []}),
    ],
)
def test_what_has_no_effect_here_is_named_and_left_out_with_its_value(key: str, value: object) -> None:
    document = {**CLUSTER, key: value}

    (told,) = notices(document)
    assert told.startswith(f"'{key}' has no effect: ")
    assert "hunter2" not in told
    assert to_entry(document) == to_entry(CLUSTER)


def test_schedules_are_those_of_an_instance() -> None:
    trigger = {"type": "recurrence", "frequency": "day", "interval": 1, "time_zone": "UTC", "start_time": None}
    pattern = {"hours": 18, "minutes": [0, 30], "week_days": ["monday"]}
    entry = {"action": "stop", "state": "disabled", "trigger": {**trigger, "schedule": pattern}}
    document = {"name": "ci", "type": "computeinstance", "schedules": {"compute_start_stop": [entry]}}

    assert notices(document) == []
    assert to_entry(document)["schedules"] == {
        "computeStartStop": [
            {
                "action": "Stop",
                "status": "Disabled",
                "triggerType": "Recurrence",
                "recurrence": {
                    "frequency": "day",
                    "interval": 1,
                    "timeZone": "UTC",
                    "schedule": {"hours": 18, "minutes": [0, 30], "weekDays": ["monday"]},
                },
            }
        ]
    }
    del trigger["start_time"]
    found = to_yaml(to_entry(document)["schedules"])
    assert found == {"compute_start_stop": [{**entry, "trigger": {**trigger, "schedule": pattern}}]}


@pytest.mark.parametrize("value", ["spot", 7, "PT5M", -1, True])
def test_a_value_that_azure_does_not_have_is_left_to_the_rules(value: object) -> None:
    assert to_entry({"tier": value})["vmPriority"] == str(value)
    assert to_entry({"idle_time_before_scale_down": -1})["nodeIdleTimeBeforeScaleDown"] == -1


def test_of_another_type_only_what_its_reason_needs_is_kept() -> None:
    document = {"name": "k", "type": "kubernetes", "resource_id": "/subscriptions/x", "namespace": "y"}

    assert to_entry(document) == {"name": "k", "type": "kubernetes"}


def test_an_unknown_key_is_refused_with_the_near_one() -> None:
    with pytest.raises(ComputeDocumentError, match=r"unknown key 'max_instance'\. Did you mean 'max_instances' or"):
        to_entry({"max_instance": 2})


def test_a_compute_is_printed_in_the_words_of_azures_cli() -> None:
    compute = Compute(
        name="cpu", type="AmlCompute", vm_size="STANDARD_D2_V2", cpus=2, memory_mib=7168, min_nodes=1, max_nodes=2,
        idle_seconds=60, priority="LowPriority", principal="compute-cpu",
    )  # fmt: skip

    assert to_document(compute, {"id": "x", "description": "Tests.", "tags": {}}) == {
        "id": "x", "name": "cpu", "type": "amlcompute", "size": "STANDARD_D2_V2", "tier": "low_priority",
        "min_instances": 1, "max_instances": 2, "idle_time_before_scale_down": 60, "description": "Tests.", "tags": {},
        "cpus": 2, "memory_mib": 7168, "principal": "compute-cpu", "provisioning_state": "Succeeded",
    }  # fmt: skip
