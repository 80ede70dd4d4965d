"""What a job gets: addresses in the stack's network, and its own compute's credentials."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.client_variables import variables
from mlw.computes import compute_access
from mlw.computes.compute_access import ComputeAccess, access_in_network, credentials_of
from mlw.computes.machine import Machine
from mlw.computes.workspace_computes import computes_of
from mlw.stacks.stacks import Stack, open_stack
from tests.unit.states import Place, Resource, a_record, a_resource, a_workspace, resource_id, the_outputs

LOCAL = {"id": "x", "name": "local", "type": "local", "principal": "compute-local"}
HELD = {
    "storage": {"accessKey": "compute-local", "secretKey": "own"},
    "registry": {"username": "compute-local", "password": "own"},
    "keyVault": {"token": "own"},
}


def as_principal(stack: Stack, name: str, endpoints: Mapping[str, str]) -> tuple[dict[str, str], dict[str, object]]:
    """What the key vault would give the principal of a compute, which can only pull images."""
    assert (stack.name, name) == ("dev", "compute-local")
    return {**endpoints, "registry": endpoints["registryReadOnly"]}, dict(HELD)


def group(name: str) -> dict[str, object]:
    return {"id": "x", "name": name, "location": "westeurope", "tags": {}}


def given(place: Place, *more: Resource, **outputs: object) -> ComputeAccess:
    """Access of a job on `local` of a stack with these outputs, and more resources."""
    shown = the_outputs("dev", computes=[LOCAL], resourceGroup=group("rg-Dev"), **outputs)
    place.deploy("dev", [*a_workspace("dev", outputs=shown), *more])
    stack = open_stack("dev")
    return credentials_of(stack, computes_of(stack, Machine(2, 1024))[0])


@pytest.fixture(autouse=True)
def principal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key vault that gives the principal its credentials."""
    monkeypatch.setattr(compute_access, "access_of_principal", as_principal)


@pytest.fixture
def access(place: Place) -> ComputeAccess:
    """Access of a job on `local`."""
    return given(place)


def test_services_are_addressed_by_the_names_of_their_containers(access: ComputeAccess) -> None:
    assert access.endpoints == {
        "storage": "http://stdev-storage:9000",
        "registry": "crdev-registry:5001",
        "registryReadOnly": "crdev-registry:5001",
        "keyVault": "http://kv-dev-vault:8200",
        "otlpHttp": "http://appi-dev-insights:4318",
        "otlpGrpc": "http://appi-dev-insights:4317",
        "insights": "http://appi-dev-insights-store:4320",
    }
    assert access.networks == ("rg-Dev",)


def test_clients_get_the_credentials_of_the_compute_only(access: ComputeAccess) -> None:
    found = variables(access.in_container(Path("/ca.pem"), Path("/bundle.pem")), service_name="job")

    assert found["AWS_ENDPOINT_URL_S3"] == "http://stdev-storage:9000"
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == ("compute-local", "own")
    assert "SSL_CERT_FILE" not in found
    assert "MLW_INSIGHTS_TOKEN" not in found
    assert "own" not in repr(access).replace("owner", "")


def test_with_tls_the_names_are_those_of_the_certificates(place: Place) -> None:
    authority = a_resource("ca", pulumi_type="ml-workspace:tls:CertificateAuthority")

    access = given(place, authority, certificateAuthority="-----BEGIN CERTIFICATE-----")
    found = variables(access.in_container(Path("/ca.pem"), Path("/bundle.pem")), service_name="job")

    assert access.endpoints["keyVault"] == "https://kv-dev-vault.rg-dev:8200"
    assert (access.registry_scheme, access.ca_certificate[:10]) == ("https", "-----BEGIN")
    assert (found["AWS_CA_BUNDLE"], found["SSL_CERT_FILE"]) == ("/ca.pem", "/bundle.pem")


def test_services_of_another_stack_are_in_its_network(place: Place) -> None:
    place.deploy("other", a_workspace("other", outputs=the_outputs("other", resourceGroup=group("rg-Other"))))
    record = a_record("dev", storageAccount=resource_id("other", "storageAccount"))

    access = given(place, workspace=record)

    assert access.endpoints["storage"] == "http://stother-storage:9000"
    assert access.networks == ("rg-Dev", "rg-Other")


def test_services_of_another_stack_can_be_left_out(place: Place) -> None:
    place.deploy("other", a_workspace("other", outputs=the_outputs("other", resourceGroup=group("rg-Other"))))
    given(place, workspace=a_record("dev", storageAccount=resource_id("other", "storageAccount")))

    access = access_in_network(open_stack("dev"), "compute-local", own_only=True)
    found = variables(access.in_container(Path("/ca.pem"), Path("/bundle.pem")), service_name="job")

    assert "storage" not in access.endpoints
    assert (access.networks, "AWS_ACCESS_KEY_ID" in found, found["VAULT_TOKEN"]) == (("rg-Dev",), False, "own")
