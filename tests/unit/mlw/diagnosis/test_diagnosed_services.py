"""The services of a workspace, and that readiness means the same here as for the components."""

import ast
import inspect
from typing import Any

import pytest

from infra.components import application_insights, container_registry, storage_account
from infra.components.application_insights import ApplicationInsights
from infra.components.component import ServiceComponent
from infra.components.container_registry import ContainerRegistry
from infra.components.key_vault import KeyVault
from infra.components.storage_account import StorageAccount
from infra.resources import vault_initialization
from infra.resources.workspace_record import RECORD_KEY
from infra.rules.resources.component_types import COMPONENT_TYPES
from mlw.diagnosis import service_checks
from mlw.diagnosis.diagnosed_services import READINESS, Service, services_of
from mlw.stacks.stacks import NotUpError, open_stack
from tests.unit.mlw.workspace_samples import CREDENTIALS, Place, a_workspace, resource_id, the_outputs

COMPONENTS: dict[str, type[ServiceComponent]] = {
    "storageAccount": StorageAccount,
    "containerRegistry": ContainerRegistry,
    "keyVault": KeyVault,
    "applicationInsights": ApplicationInsights,
}
GATES = {
    "storageAccount": storage_account,
    "containerRegistry": container_registry,
    "applicationInsights": application_insights,
}


def _gate(module: Any) -> dict[str, Any]:  # noqa: ANN401 - a module
    """Literal arguments of the readiness gate in a component's source."""
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Call)]
    (gate,) = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "ReadyGate"]
    return {word.arg: ast.literal_eval(word.value) for word in gate.keywords if word.arg in {"path", "expected"}}


@pytest.mark.parametrize("key", GATES, ids=str)
def test_readiness_is_what_the_components_gate_waits_for(key: str) -> None:
    gate = _gate(GATES[key])

    assert (READINESS[key].path, READINESS[key].expected) == (gate["path"], frozenset(gate["expected"]))


def test_readiness_of_the_key_vault_is_what_its_initialisation_waits_for() -> None:
    assert READINESS["keyVault"].expected == vault_initialization._OPEN
    assert f"{{props['address']}}{READINESS['keyVault'].path}" in inspect.getsource(vault_initialization)


@pytest.mark.parametrize("key", COMPONENTS, ids=str)
def test_uses_and_credentials_are_the_components(key: str) -> None:
    readiness, component = READINESS[key], COMPONENTS[key]

    assert {readiness.use, *readiness.others} == set(component.uses)
    assert readiness.credentials == component.credentials_key
    assert readiness.kind == str(COMPONENT_TYPES[component.type_token].kind)


def test_record_is_looked_for_where_it_is_written() -> None:
    assert service_checks.RECORD_KEY == RECORD_KEY


def _services(place: Place, **changed: Any) -> list[Service]:  # noqa: ANN401 - any output
    outputs = the_outputs("churn", **changed)
    place.deploy("churn", a_workspace("churn", outputs=outputs))
    return services_of(open_stack("churn"), {**CREDENTIALS, "storage.stlake": {"accessKey": "a", "secretKey": "b"}})


def test_every_resource_of_the_record_is_a_service_with_its_address(place: Place) -> None:
    assert {service.what: service.addresses for service in _services(place)} == {
        "storage account 'stchurn'": ("http://127.0.0.1:20001",),
        "container registry 'crchurn'": ("http://127.0.0.1:20002", "http://127.0.0.1:20006"),
        "key vault 'kv-churn'": ("http://127.0.0.1:20003",),
        "application insights 'appi-churn'": ("http://127.0.0.1:20005", "http://127.0.0.1:20004"),
    }


def test_an_additional_storage_account_is_a_service_too(place: Place) -> None:
    identity = resource_id("churn", "storageAccount").replace("stchurn", "stlake")
    inputs = {"name": "stlake", "resourceId": identity, "role": "additional"}
    token = "ml-workspace:storage:StorageAccount"
    lake = {"urn": f"urn:{token}::stlake", "type": token, "inputs": inputs, "outputs": {}}
    outputs = the_outputs("churn")
    outputs["endpoints"]["storage.stlake"] = "http://127.0.0.1:20006"
    place.deploy("churn", [*a_workspace("churn", outputs=outputs), lake])

    keys = {"accessKey": "a", "secretKey": "b"}
    *_, found = services_of(open_stack("churn"), {**CREDENTIALS, "storage.stlake": keys})

    assert (found.what, found.endpoint, found.credentials) == (
        "storage account 'stlake'",
        "http://127.0.0.1:20006",
        keys,
    )


def test_a_resource_of_another_stack_is_a_service_of_the_workspace_and_says_whose_it_is(place: Place) -> None:
    place.deploy("fraud")
    shared = resource_id("fraud", "keyVault")
    record = {**the_outputs("churn")["workspace"], "keyVault": shared}

    owners = {service.resource_id: service.owner for service in _services(place, workspace=record)}

    assert owners == {record[key]: "fraud" if key == "keyVault" else "churn" for key in READINESS}


def test_services_of_a_stack_with_tls_are_asked_with_its_authority_and_another_stacks_plainly(place: Place) -> None:
    place.deploy("fraud")
    shared = resource_id("fraud", "containerRegistry")
    outputs = the_outputs("churn", certificateAuthority="PEM")
    outputs["workspace"]["containerRegistry"] = shared
    outputs["endpoints"]["keyVault"] = "https://127.0.0.1:20003"
    authority = {"urn": "urn:x", "type": "pulumi-python:dynamic/ml-workspace:CertificateAuthority", "inputs": {}}
    place.deploy("churn", [*a_workspace("churn", outputs=outputs), authority])

    found = {service.readiness.use: service for service in services_of(open_stack("churn"), CREDENTIALS)}

    assert (found["keyVault"].endpoint, found["keyVault"].authority) == ("https://127.0.0.1:20003", "PEM")
    assert (found["registry"].endpoint, found["registry"].authority) == ("http://127.0.0.1:20002", "")


def test_registry_of_a_stack_with_tls_is_asked_over_it(place: Place) -> None:
    authority = {"urn": "urn:x", "type": "pulumi-python:dynamic/ml-workspace:CertificateAuthority", "inputs": {}}
    outputs = the_outputs("churn", certificateAuthority="PEM")
    place.deploy("churn", [*a_workspace("churn", outputs=outputs), authority])

    found = {service.readiness.use: service for service in services_of(open_stack("churn"), CREDENTIALS)}

    assert found["registry"].addresses == ("https://127.0.0.1:20002", "https://127.0.0.1:20006")


def test_a_stack_that_is_not_up_has_no_services(place: Place) -> None:
    place.deploy("churn", a_workspace("churn", outputs={}))

    with pytest.raises(NotUpError, match="no update of it has ended well"):
        services_of(open_stack("churn"), CREDENTIALS)


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        ("keyVault", {"X-Vault-Token": "secret-of-vault"}),
        ("containerRegistry", {"Authorization": "Basic YWRtaW46c2VjcmV0LW9mLXJlZ2lzdHJ5"}),
        ("applicationInsights", {"Authorization": "Bearer secret-of-telemetry", "Content-Type": "application/json"}),
    ],
)
def test_credentials_are_sent_as_each_service_takes_them(key: str, headers: dict[str, str]) -> None:
    readiness = READINESS[key]

    assert readiness.headers(CREDENTIALS[readiness.credentials]) == headers
