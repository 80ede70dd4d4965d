"""What the program registers with a tracking server, and that without one nothing is different."""

import hashlib
import json
from typing import Any

import pytest

from infra.rules.datastores.tracking_artifacts import access_key
from infra.rules.resources.component_types import TRACKING_SERVER
from tests.support.mocks import TOKENS, Registered
from tests.unit.infra.test_program import CONFIG, CONTAINER, VOLUME, Run, run_program

SERVER = "mlw-churn-dev-westeurope-001-tracking"
WORKSPACE_ID = "00000000-1111-2222-3333-444444444444"
ASSIGNED = """[
    {"principal": "ana", "role": "Reader"},
    {"principal": "bea", "role": "DataScientist"},
    {"principal": "cleo", "role": "ComputeOperator"}
]"""
ON = {**CONFIG, "ml-workspace:tracking": "{}", "ml-workspace:roleAssignments": ASSIGNED}


@pytest.fixture(scope="module")
def run(event_loops: None) -> Run:
    """Run the program once for a stack with a tracking server and principals."""
    return run_program(ON)


@pytest.fixture(scope="module")
def with_tls(event_loops: None) -> Run:
    """The same with TLS."""
    return run_program({**ON, "ml-workspace:tls": "true"})


def of_server(run: Run, type_: str) -> list[Registered]:
    """The resources of a type that the tracking server has."""
    return [made for made in run.mocks.of_type(type_) if made.name.startswith(SERVER)]


def files(run: Run, name: str, kind: str = "files") -> dict[str, str]:
    """The files of a container, which are secret."""
    (made,) = [made for made in run.mocks.of_type(TOKENS["VolumeFiles"]) if made.name == f"{name}-files"]
    return dict(made.inputs[kind]["value"])


def config(run: Run) -> dict[str, Any]:
    """Its configuration."""
    return dict(json.loads(files(run, SERVER)["config.json"]))


@pytest.mark.usefixtures("event_loops")
def test_without_its_section_nothing_of_it_is_registered() -> None:
    off = run_program({key: value for key, value in ON.items() if key != "ml-workspace:tracking"})

    told = json.dumps([[made.type, made.name, made.inputs] for made in off.mocks.resources], default=str)
    assert "tracking" not in told.lower()
    assert "tracking" not in json.dumps(off.outputs, default=str).lower()


@pytest.mark.usefixtures("event_loops")
def test_switching_it_on_changes_no_container_that_clients_use(run: Run) -> None:
    off = run_program({key: value for key, value in ON.items() if key != "ml-workspace:tracking"})
    before, after = (
        {made.name: made.inputs for made in one.mocks.of_type(TOKENS["VolumeFiles"])} for one in (off, run)
    )

    changed = {name for name, inputs in before.items() if inputs["files"] != after[name]["files"]}
    assert changed == {"appi-churn-dev-westeurope-001-insights-store-files"}, "only its availability tests"


def test_it_is_one_container_with_two_volumes_of_the_workspace(run: Run) -> None:
    (container,) = of_server(run, CONTAINER)
    labels = {label["label"]: label["value"] for label in container.inputs["labels"]}

    assert container.inputs["name"] == SERVER
    assert {made.inputs["name"] for made in of_server(run, VOLUME)} == {f"{SERVER}-data", f"{SERVER}-config"}
    assert labels["ml-workspace.resource-id"] == run.outputs["workspace"]["id"]
    assert container.inputs["networksAdvanced"] == [{"name": "rg-churn-dev-westeurope-001", "aliases": ["tracking"]}]


def test_it_has_its_place_in_outputs_and_record(run: Run) -> None:
    address = run.outputs["endpoints"]["tracking"]

    assert address.startswith("http://127.0.0.1:")
    assert run.outputs["workspace"]["mlFlowTrackingUri"] == address
    assert run.outputs["credentials"]["tracking"] == {"username": "admin", "password": "generated-password"}


def test_its_configuration_names_files_and_no_secret(run: Run) -> None:
    assert config(run) == {
        "listen": "0.0.0.0:5000",
        "database": "/var/lib/tracking/mlflow.db",
        "users": "/etc/tracking/live/users",
        "artifacts": {
            "uri": "s3://azureml/mlflow",
            "endpoint": "http://stchurndevwesteurope001-storage:9000",
            "credentials": "/etc/tracking/artifact-credentials",
        },
        "telemetry": {
            "endpoint": "http://appi-churn-dev-westeurope-001-insights.rg-churn-dev-westeurope-001:4318",
            "token": "/etc/tracking/telemetry-token",
            "attributes": {"service.name": SERVER},
        },
        "allowedHosts": ["127.0.0.1", "localhost", "tracking", SERVER, f"{SERVER}.rg-churn-dev-westeurope-001"],
        "trashRetentionInDays": 30,
    }


def test_with_tls_it_serves_and_verifies_certificates(with_tls: Run) -> None:
    found = config(with_tls)

    assert found["tls"] == {"certificate": "/etc/tracking/public.crt", "privateKey": "/etc/tracking/private.key"}
    assert found["telemetry"]["certificateAuthority"] == "/etc/tracking/ca.crt"
    assert found["artifacts"]["endpoint"] == (
        "https://stchurndevwesteurope001-storage.rg-churn-dev-westeurope-001:9000"
    )
    assert files(with_tls, SERVER)["artifacts-ca.crt"] == "the-authority"
    assert with_tls.outputs["endpoints"]["tracking"].startswith("https://")


def test_its_users_are_the_stack_and_every_principal_with_the_operations_of_their_roles(run: Run) -> None:
    users = json.loads(files(run, SERVER, "live_files")["users"])["users"]

    known = {user["name"]: user["operations"] for user in users}
    all_operations = [
        f"{what}/{verb}" for what in ("experiments", "models", "runs") for verb in ("delete", "read", "write")
    ]
    assert known == {
        "admin": all_operations,
        "ana": ["experiments/read", "models/read", "runs/read"],
        "bea": all_operations,
        "cleo": [],
    }
    assert users[0]["password"] == hashlib.sha256(b"generated-password").hexdigest()
    assert users[1]["password"] == hashlib.sha256(b"generated-tracking").hexdigest()


def test_a_principals_login_is_with_its_other_credentials(run: Run) -> None:
    (vault,) = run.mocks.of_type(TOKENS["VaultConfiguration"])

    held = vault.inputs["principals"]["value"]["ana"]["secret"]
    assert (held["trackingUsername"], held["trackingPassword"]) == ("ana", "generated-tracking")
    assert held["endpoints"]["tracking"] == run.outputs["endpoints"]["tracking"]


def test_its_service_account_sees_only_its_own_prefix(run: Run) -> None:
    (access,) = run.mocks.of_type(TOKENS["ArtifactAccess"])

    assert access.inputs["container"] == "azureml"
    assert access.inputs["secret_key"]["value"] == "generated-secretKey"
    assert files(run, SERVER)["artifact-credentials"] == (
        f"[default]\naws_access_key_id = {access_key(WORKSPACE_ID)}\naws_secret_access_key = generated-secretKey\n"
    )


def test_it_sends_telemetry_with_a_token_of_its_own(run: Run) -> None:
    tokens = files(run, "appi-churn-dev-westeurope-001-insights", "live_files")["tokens"].splitlines()

    assert files(run, SERVER)["telemetry-token"] == "generated-tracking"
    assert "generated-tracking (tracking)" in tokens


def test_its_availability_is_tested(run: Run) -> None:
    store = json.loads(files(run, "appi-churn-dev-westeurope-001-insights-store")["config.json"])

    assert {
        "name": "tracking",
        "url": f"http://{SERVER}.rg-churn-dev-westeurope-001:5000/health",
        "expected": [200],
    } in store["availabilityTests"]


def test_the_change_guard_knows_it_and_the_policies_see_it_before_anything_is_made(run: Run) -> None:
    types = [made.type for made in run.mocks.resources]

    assert run.mocks.of_type(TOKENS["ChangeGuard"])[0].inputs["services"] == {"tracking": SERVER}
    assert types.index(TRACKING_SERVER) < types.index(TOKENS["ChangeGuard"])


def test_a_rotation_changes_only_what_it_reloads(run: Run) -> None:
    (made,) = [made for made in of_server(run, TOKENS["GeneratedSecrets"])]

    assert made.inputs["rotating"] == ["password"]
    assert made.inputs["rotates"] == "service/tracking"
