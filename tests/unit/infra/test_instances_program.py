"""What the program registers for a compute instance, and that without one nothing is different."""

import json
from typing import Any

import pytest

from infra.rules.resources.component_types import COMPUTE_INSTANCE
from tests.support.mocks import TOKENS
from tests.unit.infra.test_program import CONFIG, CONTAINER, VOLUME, Run, run_program
from tests.unit.infra.test_tracking_program import files, of_server

NAME = "mlw-churn-dev-westeurope-001-ci-ci-ana"
ENTRY = {
    "name": "ci-Ana",
    "type": "ComputeInstance",
    "assignedUser": "ana",
    "vmSize": "STANDARD_DS11_V2",
    "idleTimeBeforeShutdown": "PT30M",
}
ON = {
    **CONFIG,
    "ml-workspace:tracking": "{}",
    "ml-workspace:roleAssignments": '[{"principal": "ana", "role": "DataScientist"}]',
    "ml-workspace:computes": json.dumps([ENTRY]),
}


@pytest.fixture(scope="module")
def run(event_loops: None) -> Run:
    """Run the program once for a stack with an instance."""
    return run_program(ON)


def container(run: Run) -> dict[str, Any]:
    (found,) = [made for made in run.mocks.of_type(CONTAINER) if made.name == NAME]
    return dict(found.inputs)


def access(run: Run) -> dict[str, Any]:
    return dict(json.loads(files(run, NAME, "live_files")["access"]))


@pytest.mark.usefixtures("event_loops")
def test_a_cluster_brings_nothing_of_an_instance() -> None:
    cluster = run_program({**ON, "ml-workspace:computes": '[{"name": "cpu", "type": "AmlCompute"}]'})

    told = json.dumps([[made.type, made.name, made.inputs] for made in cluster.mocks.resources], default=str)
    assert "ComputeInstance" not in told
    assert "computeInstance" not in told
    (entry,) = cluster.outputs["computes"][1:]
    assert {"assignedUser", "idleTimeBeforeShutdown", "endpoint"} & entry.keys() == set()


def test_it_may_stop_and_is_limited_by_its_size(run: Run) -> None:
    found = container(run)

    assert (found["restart"], found["mustRun"]) == ("on-failure", False)
    assert (found["cpuQuota"], found["cpuPeriod"]) == (200_000, 100_000)
    assert found["memory"] == found["memorySwap"] == 12 * 1024, "three quarters of the machine, less than the size"
    assert found["readOnly"]
    assert found["capabilities"] == {"drops": ["ALL"]}
    assert {port["ip"] for port in found["ports"]} == {"127.0.0.1"}


def test_the_services_of_the_stack_are_repaired_when_they_stop(run: Run) -> None:
    others = [made.inputs for made in run.mocks.of_type(CONTAINER) if made.name != NAME]

    assert len(others) == 6
    assert [one for one in others if "mustRun" in one or one["restart"] != "unless-stopped"] == []


def test_its_home_is_a_volume_that_only_its_guard_removes(run: Run) -> None:
    volumes = {made.inputs["name"] for made in of_server(run, VOLUME)}
    (guard,) = [made for made in run.mocks.of_type(TOKENS["VolumeGuard"]) if made.name == f"{NAME}-volumes"]

    assert {made.inputs["name"] for made in run.mocks.of_type(VOLUME)} >= {f"{NAME}-home", f"{NAME}-config"}
    assert not {f"{NAME}-home"} & volumes
    assert guard.inputs["resource_name"] == "ci-Ana", "the name that allows its removal"


def test_the_credentials_are_those_of_its_user_in_the_network_of_the_stack(run: Run) -> None:
    found = access(run)
    variables = found["variables"]

    assert (found["user"], found["token"]) == ("ana", "generated-computeInstance")
    assert variables["MLFLOW_TRACKING_URI"] == "http://mlw-churn-dev-westeurope-001-tracking:5000"
    assert (variables["MLFLOW_TRACKING_USERNAME"], variables["AWS_ACCESS_KEY_ID"]) == ("ana", "ana")
    assert variables["AWS_ENDPOINT_URL_S3"] == "http://stchurndevwesteurope001-storage:9000"
    assert variables["OTEL_EXPORTER_OTLP_ENDPOINT"].startswith("http://appi-churn-dev-westeurope-001-insights:4318")
    assert variables["OTEL_SERVICE_NAME"] == "ci-Ana"
    assert found["keyVault"]["address"] == variables["VAULT_ADDR"] == "http://kv-churn-dev-we-001-vault:8200"
    assert "VAULT_TOKEN" not in variables, "the instance logs in"
    assert found["datastores"]["workspaceartifactstore"] == "azureml"
    assert len(found["datastores"]) == 4


def test_no_secret_is_in_its_definition(run: Run) -> None:
    assert "generated-" not in json.dumps(container(run), default=str)
    assert files(run, NAME, "live_files")["idle-seconds"] == "1800\n"


def test_its_token_is_among_the_secrets_of_its_user_alone(run: Run) -> None:
    lengths = {
        made.name.rpartition("-principal-")[2]: made.inputs["lengths"]
        for made in run.mocks.of_type(TOKENS["GeneratedSecrets"])
        if "-principal-" in made.name
    }

    assert {name for name, held in lengths.items() if "computeInstance" in held} == {"ana"}
    assert set(lengths) == {"ana", "compute-local"}, "an instance has no principal of its own"


def test_it_is_a_compute_of_the_outputs_and_no_endpoint(run: Run) -> None:
    (entry,) = run.outputs["computes"][1:]

    assert entry["endpoint"].startswith("http://127.0.0.1:")
    assert (entry["principal"], entry["assignedUser"]) == ("ana", "ana")
    assert "maxNodeCount" not in entry
    assert not any(use.startswith("computes") for use in run.outputs["endpoints"])
    assert "computeInstance" not in run.outputs["credentials"]


def test_it_is_declared_before_anything_is_created(run: Run) -> None:
    types = [made.type for made in run.mocks.resources]

    assert types.index(COMPUTE_INSTANCE) < types.index(TOKENS["ChangeGuard"])


@pytest.mark.usefixtures("event_loops")
def test_with_tls_it_serves_a_certificate_and_trusts_the_stacks_own() -> None:
    run = run_program({**ON, "ml-workspace:tls": "true"})
    config, variables = json.loads(files(run, NAME)["config.json"]), access(run)["variables"]

    assert config["tls"] == {"certificate": "/etc/instance/public.crt", "privateKey": "/etc/instance/private.key"}
    assert config["certificateAuthorities"] == ["/etc/instance/ca.crt"]
    trusted = {variables[name] for name in ("MLFLOW_TRACKING_SERVER_CERT_PATH", "SSL_CERT_FILE", "AWS_CA_BUNDLE")}
    assert variables["VAULT_ADDR"] == "https://kv-churn-dev-we-001-vault.rg-churn-dev-westeurope-001:8200"
    assert trusted == {"/tmp/jupyter/certificates.pem"}
