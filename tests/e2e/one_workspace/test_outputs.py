"""The contract with outside clients: names and forms of the stack's outputs."""

import json
import re
import uuid
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from tests.support.object_store import s3_client
from tests.support.stacks import LiveStack

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
PROVIDERS = {
    "id": "Microsoft.MachineLearningServices/workspaces",
    "storageAccount": "Microsoft.Storage/storageAccounts",
    "keyVault": "Microsoft.KeyVault/vaults",
    "containerRegistry": "Microsoft.ContainerRegistry/registries",
    "applicationInsights": "Microsoft.Insights/components",
}
WORKSPACE_KEYS = {
    *("id", "name", "type", "location", "resourceGroup", "workspaceId", "creationTime", "provisioningState"),
    *("friendlyName", "description", "sku", "tags"),
    *("storageAccount", "keyVault", "containerRegistry", "applicationInsights"),
}
ENDPOINTS = ("storage", "registry", "registryReadOnly", "keyVault", "otlpGrpc", "otlpHttp", "insights")


def test_outputs_are_exactly_the_documented_ones(live: LiveStack) -> None:
    assert set(live.outputs) == {"workspace", "resourceGroup", "endpoints", "datastores", "credentials"}


def test_workspace_has_exactly_the_documented_properties(live: LiveStack) -> None:
    assert set(live.outputs["workspace"]) == WORKSPACE_KEYS


@pytest.mark.parametrize("key", PROVIDERS)
def test_identifier_is_a_full_azure_resource_id(live: LiveStack, key: str) -> None:
    group = live.outputs["resourceGroup"]["name"]

    pattern = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{PROVIDERS[key]}/[A-Za-z0-9_-]+"

    assert re.fullmatch(pattern, live.outputs["workspace"][key])


def test_default_names_follow_the_naming_pattern(live: LiveStack) -> None:
    workload, workspace = live.stack.workload, live.outputs["workspace"]

    assert live.outputs["resourceGroup"]["name"] == f"rg-{workload}-dev-westeurope-001"
    assert workspace["name"] == f"mlw-{workload}-dev-westeurope-001"
    assert live.name_of("storageAccount") == f"st{workload}devwesteurope001"
    assert live.name_of("containerRegistry") == f"cr{workload}devwesteurope001"
    assert live.name_of("applicationInsights") == f"appi-{workload}-dev-westeurope-001"
    assert live.name_of("keyVault") == f"kv-{workload}"


def test_workspace_reports_its_identity_and_success(live: LiveStack) -> None:
    workspace = live.outputs["workspace"]

    created = datetime.fromisoformat(workspace["creationTime"])

    assert workspace["type"] == "Microsoft.MachineLearningServices/workspaces"
    assert workspace["provisioningState"] == "Succeeded"
    assert workspace["location"] == "westeurope"
    assert str(uuid.UUID(workspace["workspaceId"])) == workspace["workspaceId"]
    assert created.tzinfo is not None
    assert abs((datetime.now(UTC) - created).total_seconds()) < 3600


def test_resource_group_has_exactly_the_documented_properties(live: LiveStack) -> None:
    group = live.outputs["resourceGroup"]

    assert set(group) == {"id", "name", "location", "tags"}
    assert group["id"] == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group['name']}"
    assert live.outputs["workspace"]["resourceGroup"] == group["name"]


def test_tags_of_the_stack_file_are_on_record_and_resource_group(live: LiveStack) -> None:
    wanted = live.stack.settings["tags"]

    assert wanted.items() <= live.outputs["workspace"]["tags"].items()
    assert wanted.items() <= live.outputs["resourceGroup"]["tags"].items()


def test_every_endpoint_is_on_the_loopback_address_with_its_own_port(live: LiveStack) -> None:
    endpoints = live.outputs["endpoints"]

    addresses = {name: urlsplit(url if "//" in url else f"//{url}") for name, url in endpoints.items()}

    assert set(ENDPOINTS) <= set(endpoints)
    assert {address.hostname for address in addresses.values()} == {"127.0.0.1"}
    assert len({addresses[name].port for name in ENDPOINTS}) == len(ENDPOINTS)
    assert {name: addresses[name].scheme for name in ENDPOINTS} == {
        **dict.fromkeys(("storage", "keyVault", "otlpGrpc", "otlpHttp", "insights"), "http"),
        "registry": "",
        "registryReadOnly": "",
    }


def test_credentials_have_exactly_the_documented_form(live: LiveStack) -> None:
    credentials = live.outputs["credentials"]

    assert {service: set(values) for service, values in credentials.items()} == {
        "storage": {"accessKey", "secretKey"},
        "registry": {"username", "password"},
        "keyVault": {"token"},
        "telemetry": {"token"},
        "insights": {"token"},
    }
    assert all(value for values in credentials.values() for value in values.values())


def test_the_cli_prints_the_outputs_that_tests_read_from_the_state(live: LiveStack) -> None:
    printed = live.stack.pulumi("stack output", "--json", "--show-secrets").check().stdout

    assert json.loads(printed) == live.outputs == live.stack.outputs()


def test_credentials_are_hidden_unless_requested(live: LiveStack) -> None:
    shown = live.stack.outputs(show_secrets=False)

    assert shown["credentials"] == "[secret]"
    assert {key for key, value in shown.items() if value == "[secret]"} == {"credentials"}


def test_no_other_output_contains_a_secret(live: LiveStack) -> None:
    others = json.dumps({key: value for key, value in live.outputs.items() if key != "credentials"})

    assert [secret for secret in live.secrets if secret in others] == []


def test_record_is_a_document_in_the_storage_account(live: LiveStack) -> None:
    document = s3_client(live.outputs).get_object(Bucket="azureml", Key="workspace.json")["Body"].read()

    assert json.loads(document) == live.outputs["workspace"]


def test_the_state_has_one_provider_of_each_package(live: LiveStack) -> None:
    providers = [urn.split("::")[2] for urn in live.stack.urns() if "pulumi:providers:" in urn]
    assert sorted(providers) == ["pulumi:providers:docker", "pulumi:providers:ml-workspace"]
