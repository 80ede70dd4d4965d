"""The services of a workspace: where each is, with which credentials, and whose it is."""

from typing import Any

import pytest

from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.services import REQUIRED, SERVICES
from mlw.diagnosis.diagnosed_services import GROUPS, DiagnosedService, services_of
from mlw.stacks.stacks import NotUpError, open_stack
from tests.unit.states import CREDENTIALS, Place, a_workspace, resource_id, the_outputs

CERTIFICATE_AUTHORITY = "ml-workspace:certificates:CertificateAuthority"


def test_every_service_is_a_component_of_that_name_and_has_a_group() -> None:
    titles = {component.section: str(component.kind) for component in COMPONENT_TYPES.values()}

    first = {service.section: service.title for service in reversed(REQUIRED)}
    assert first.items() <= titles.items()
    assert set(GROUPS) == {service.section for service in SERVICES.values()}


def _services(place: Place, **changed: Any) -> list[DiagnosedService]:  # noqa: ANN401 - any output
    outputs = the_outputs("churn", **changed)
    place.deploy("churn", a_workspace("churn", outputs=outputs))
    return services_of(open_stack("churn"), {**CREDENTIALS, "storage.stlake": {"accessKey": "a", "secretKey": "b"}})


def test_every_resource_of_the_record_is_a_service_with_its_address(place: Place) -> None:
    assert {service.what: service.addresses for service in _services(place)} == {
        "storage account 'stchurn'": ("http://127.0.0.1:20001",),
        "container registry 'crchurn'": ("http://127.0.0.1:20002", "http://127.0.0.1:20006"),
        "key vault 'kv-churn'": ("http://127.0.0.1:20003",),
        "application insights 'appi-churn'": ("http://127.0.0.1:20005", "http://127.0.0.1:20004"),
        "insights store 'appi-churn'": ("http://127.0.0.1:20007",),
    }


def test_a_service_that_the_last_update_did_not_know_is_left_out(place: Place) -> None:
    endpoints = the_outputs("churn")["endpoints"]
    known = {use: address for use, address in endpoints.items() if use != "insights"}

    assert {one.service.name for one in _services(place, endpoints=known)} == {one.name for one in REQUIRED} - {
        "insightsStore"
    }


def test_an_optional_service_that_is_on_belongs_to_the_workspace(place: Place) -> None:
    endpoints = {**the_outputs("churn")["endpoints"], "tracking": "http://127.0.0.1:20008"}
    place.deploy("churn", a_workspace("churn", outputs=the_outputs("churn", endpoints=endpoints)))
    keys = {"username": "admin", "password": "p"}

    *_, found = services_of(open_stack("churn"), {**CREDENTIALS, "tracking": keys})

    assert (found.what, found.resource_id) == (
        "tracking server 'mlw-churn-tracking'",
        resource_id("churn", "workspace"),
    )
    assert (found.connection.endpoint, found.connection.credentials) == ("http://127.0.0.1:20008", keys)


def test_an_additional_storage_account_is_a_service_too(place: Place) -> None:
    identity = resource_id("churn", "storageAccount").replace("stchurn", "stlake")
    inputs = {"name": "stlake", "resourceId": identity, "role": "additional"}
    token = "ml-workspace:storage:StorageAccount"
    lake = {"urn": f"urn:pulumi:churn::ml-workspace::{token}::stlake", "type": token, "inputs": inputs, "outputs": {}}
    outputs = the_outputs("churn")
    outputs["endpoints"]["storage.stlake"] = "http://127.0.0.1:20006"
    place.deploy("churn", [*a_workspace("churn", outputs=outputs), lake])

    keys = {"accessKey": "a", "secretKey": "b"}
    *_, found = services_of(open_stack("churn"), {**CREDENTIALS, "storage.stlake": keys})

    assert (found.what, found.connection.endpoint, found.connection.credentials) == (
        "storage account 'stlake'",
        "http://127.0.0.1:20006",
        keys,
    )


def test_a_resource_of_another_stack_is_a_service_of_the_workspace_and_says_whose_it_is(place: Place) -> None:
    place.deploy("fraud")
    shared = resource_id("fraud", "keyVault")
    record = {**the_outputs("churn")["workspace"], "keyVault": shared}

    owners = {service.resource_id: service.owner for service in _services(place, workspace=record)}

    assert owners == {record[key]: "fraud" if key == "keyVault" else "churn" for key in GROUPS if key in record}


def test_services_of_a_stack_with_tls_are_asked_with_its_authority_and_another_stacks_plainly(place: Place) -> None:
    place.deploy("fraud")
    shared = resource_id("fraud", "containerRegistry")
    outputs = the_outputs("churn", certificateAuthority="PEM")
    outputs["workspace"]["containerRegistry"] = shared
    outputs["endpoints"]["keyVault"] = "https://127.0.0.1:20003"
    authority = {
        "urn": f"urn:pulumi:churn::ml-workspace::{CERTIFICATE_AUTHORITY}::authority",
        "type": CERTIFICATE_AUTHORITY,
        "inputs": {},
    }
    place.deploy("churn", [*a_workspace("churn", outputs=outputs), authority])

    found = {service.service.endpoints[0].use: service for service in services_of(open_stack("churn"), CREDENTIALS)}

    assert _place(found["keyVault"]) == ("https://127.0.0.1:20003", "PEM")
    assert _place(found["registry"]) == ("http://127.0.0.1:20002", "")


def _place(service: DiagnosedService) -> tuple[str, str]:
    return service.connection.endpoint, service.connection.ca_certificate


def test_registry_of_a_stack_with_tls_is_asked_over_it(place: Place) -> None:
    authority = {
        "urn": f"urn:pulumi:churn::ml-workspace::{CERTIFICATE_AUTHORITY}::authority",
        "type": CERTIFICATE_AUTHORITY,
        "inputs": {},
    }
    outputs = the_outputs("churn", certificateAuthority="PEM")
    place.deploy("churn", [*a_workspace("churn", outputs=outputs), authority])

    found = {service.service.endpoints[0].use: service for service in services_of(open_stack("churn"), CREDENTIALS)}

    assert found["registry"].addresses == ("https://127.0.0.1:20002", "https://127.0.0.1:20006")


def test_a_stack_that_is_not_up_has_no_services(place: Place) -> None:
    place.deploy("churn", a_workspace("churn", outputs={}))

    with pytest.raises(NotUpError, match="never been deployed successfully"):
        services_of(open_stack("churn"), CREDENTIALS)


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        ("keyVault", {"X-Vault-Token": "secret-of-vault"}),
        ("containerRegistry", {"Authorization": "Basic YWRtaW46c2VjcmV0LW9mLXJlZ2lzdHJ5"}),
        ("applicationInsights", {"Authorization": "Bearer secret-of-telemetry", "Content-Type": "application/json"}),
        ("insightsStore", {"Authorization": "Bearer secret-of-insights", "Content-Type": "application/json"}),
    ],
)
def test_credentials_are_sent_as_each_service_takes_them(key: str, headers: dict[str, str]) -> None:
    service = SERVICES[key]

    assert service.credentials_probe
    assert service.credentials_probe.headers(CREDENTIALS[service.credentials_key]) == headers
