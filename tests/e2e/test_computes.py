"""Computes of a running workspace: added and removed without a restart, each with its own identity and nothing more.

A job's own client is tried from a container in the stack's network, as a job is.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from docker import DockerClient

from mlw.computes.compute_access import ComputeAccess, credentials_of
from mlw.computes.workspace_computes import find_compute
from mlw.stacks.stacks import open_stack
from tests.support.environment import Environment
from tests.support.oci import tiny_image
from tests.support.principals import Person, is_allowed, person
from tests.support.stacks import LiveStack, live_stack
from tests.support.tracking import TrackingClient
from tests.support.updates import assert_unchanged
from tests.support.vault import vault_client, write_secret

ROLES = [{"principal": "dora", "role": "DataScientist"}, {"principal": "olga", "role": "ComputeOperator"}]
COMPUTES = [
    {"name": "cpu-cluster", "type": "AmlCompute", "maxNodeCount": 2},
    {"name": "Spot", "type": "AmlCompute", "vmPriority": "LowPriority"},
]
COMPUTE_YML = """$schema: https://azuremlschemas.azureedge.net/latest/amlCompute.schema.json
name: cpu-cluster
type: amlcompute
size: STANDARD_DS3_v2
min_instances: 0
max_instances: 2
idle_time_before_scale_down: 120
location: westeurope
ssh_settings:
  admin_username: someone
  admin_password: Unwanted-password-1
"""
CONNECTS = """
import socket, sys
from urllib.parse import urlsplit
for address in sys.argv[1:]:
    url = urlsplit(address)
    socket.create_connection((url.hostname, url.port), timeout=5).close()
"""


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A workspace with a tracking server and principals, without computes."""
    with live_stack(environment, tracking={}, roleAssignments=ROLES) as stack:
        yield stack


@pytest.fixture(scope="module")
def since(live: LiveStack, engine: DockerClient) -> dict[str, str]:
    """When each container was started, before there were computes."""
    return starts(live, engine)


@pytest.fixture(scope="module")
def outputs(live: LiveStack, since: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The outputs after two computes were created, one of them from Azure's file."""
    assert since
    file = tmp_path_factory.mktemp("compute") / "compute.yml"
    file.write_text(COMPUTE_YML)
    created = mlw(live, "create", "-f", str(file), "-o", "json")
    assert json.loads(created.stdout)["max_instances"] == 2
    assert "'ssh_settings' has no effect" in created.stderr
    mlw(live, "create", "--name", "Spot", "--type", "AmlCompute", "--tier", "low_priority", "--size", "STANDARD_D2_V2")
    return live.stack.outputs()


@pytest.fixture
def cluster(outputs: dict[str, Any]) -> Person:
    """The principal of one of them, as it is now."""
    return person(outputs, "compute-cpu-cluster")


@pytest.fixture
def access(live: LiveStack, outputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> ComputeAccess:
    """What a job of it gets."""
    assert outputs["computes"]
    for name, value in live.stack.environment.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(live.stack.environment.project)
    stack = open_stack(live.stack.name)
    return credentials_of(stack, find_compute(stack, "CPU-cluster"))


def mlw(live: LiveStack, *arguments: str) -> Any:  # noqa: ANN401 - what a program has printed
    command, *others = arguments
    return live.stack.environment.mlw("compute", command, live.stack.name, *others).check()


def starts(live: LiveStack, engine: DockerClient) -> dict[str, str]:
    found = engine.containers.list(filters={"label": f"ml-workspace.stack={live.stack.name}"})
    return {str(one.name): str(one.attrs["State"]["StartedAt"]) for one in found}


def test_no_container_restarts_and_nothing_changes_after_it(
    live: LiveStack, outputs: dict[str, Any], engine: DockerClient, since: dict[str, str]
) -> None:
    assert [one["name"] for one in outputs["computes"]] == ["local", "cpu-cluster", "Spot"]
    assert set(since) >= {live.container_of(service) for service in live.services}
    assert starts(live, engine) == since
    assert_unchanged(live.stack.preview())


def test_nothing_keeps_the_password_of_the_file(live: LiveStack, outputs: dict[str, Any]) -> None:
    file = live.stack.environment.stack_folder / f"Pulumi.{live.stack.name}.yaml"
    text = file.read_text() + live.stack.state_file.read_text() + json.dumps(outputs)

    assert "Unwanted-password-1" not in text


def test_a_job_reaches_every_service_in_the_network(
    live: LiveStack, access: ComputeAccess, engine: DockerClient
) -> None:
    addresses = [address if "://" in address else f"http://{address}" for address in access.endpoints.values()]
    server = engine.containers.get(f"{live.name_of('id')}-tracking")

    result = server.exec_run(["python3", "-c", CONNECTS, *addresses])

    assert (result.exit_code, result.output) == (0, b"")
    assert set(access.endpoints) == set(live.outputs["endpoints"])
    assert len(access.networks) == 1


class TestIdentity:
    """What a job can do with its own credentials, and what it cannot."""

    def test_it_reads_and_writes_data_but_deletes_none(self, cluster: Person, marker: str) -> None:
        store = next(one["container"] for one in cluster.stack["datastores"] if one["name"] == "workspaceblobstore")
        blob = {"Bucket": store, "Key": f"{marker}/data.csv"}

        cluster.s3.put_object(**blob, Body=b"1,2")
        assert cluster.s3.get_object(**blob)["Body"].read() == b"1,2"
        assert not is_allowed(lambda: cluster.s3.delete_object(**blob))

    @pytest.mark.parametrize(
        ("key", "allowed"),
        [
            ("ExperimentRun/dcid.x/outputs/model.pkl", True),
            ("assets/data/x/1.json", True),
            ("assets/environment/x/1.json", False),
            ("assets/component/x/1.json", False),
            ("jobs/x/state.json", False),
            ("job-queue/cpu-cluster/0-1-x", False),
            ("workspace.json", False),
        ],
    )
    def test_it_writes_artifacts_but_no_records_of_jobs(
        self, cluster: Person, marker: str, key: str, *, allowed: bool
    ) -> None:
        blob = key.replace("/x", f"/{marker}")

        assert is_allowed(lambda: cluster.s3.put_object(Bucket="azureml", Key=blob, Body=b"{}")) is allowed

    def test_a_data_scientist_writes_records_of_jobs(self, outputs: dict[str, Any], marker: str) -> None:
        dora = person(outputs, "dora")

        dora.s3.put_object(Bucket="azureml", Key=f"jobs/{marker}/job.json", Body=b"{}")
        dora.s3.delete_object(Bucket="azureml", Key=f"jobs/{marker}/job.json")

    def test_it_reads_secrets_by_name_and_lists_none(self, cluster: Person, marker: str) -> None:
        write_secret(cluster.stack, marker, {"value": "x"})
        kv = cluster.vault.secrets.kv.v2

        found = kv.read_secret_version(path=marker, mount_point="secret", raise_on_deleted_version=True)
        assert found["data"]["data"] == {"value": "x"}
        token = cluster.vault.auth.token.lookup_self()["data"]
        assert (token["renewable"], token["period"]) == (True, 3600)
        for refused in (
            lambda: kv.list_secrets(path="", mount_point="secret"),
            lambda: kv.read_secret_version(path="dora", mount_point="principals", raise_on_deleted_version=True),
            lambda: kv.list_secrets(path="", mount_point="principals"),
            lambda: kv.read_secret_metadata(path="dora", mount_point="principals"),
            lambda: kv.delete_latest_version_of_secret(path=marker, mount_point="secret"),
        ):
            assert not is_allowed(refused)

    def test_it_logs_runs_and_deletes_none(self, cluster: Person, marker: str) -> None:
        tracking = TrackingClient.of_person(cluster)

        run = tracking.create_run(tracking.create_experiment(marker))
        refused = tracking.request("POST", "/api/2.0/mlflow/runs/delete", {"run_id": run["run_id"]})
        assert refused.status_code == requests.codes.forbidden, refused.text

    def test_it_pulls_images_and_pushes_none(self, cluster: Person, marker: str) -> None:
        push = cluster.registry.push
        cluster.registry_read_only.request("GET", "_catalog").raise_for_status()
        assert not is_allowed(lambda: push(marker, "v1", tiny_image(b"x")))


@pytest.mark.parametrize(
    ("arguments", "operation"),
    [
        (["create", "--name", "mine", "--type", "AmlCompute"], "write"),
        (["update", "--name", "Spot", "--max-instances", "9"], "write"),
        (["delete", "--name", "Spot", "--yes"], "delete"),
    ],
    ids=["create", "update", "delete"],
)
def test_a_data_scientist_changes_no_compute(
    live: LiveStack, outputs: dict[str, Any], arguments: list[str], operation: str
) -> None:
    command, *others = arguments
    before = live.stack.outputs()["computes"]
    assert outputs["computes"]

    refused = live.stack.environment.mlw("compute", command, live.stack.name, *others, "--principal", "dora")

    assert refused.exit_code == 1
    assert f"does not include 'Microsoft.MachineLearningServices/workspaces/computes/{operation}'" in refused.stderr
    assert live.stack.outputs()["computes"] == before


def test_a_removed_compute_loses_its_credentials_and_no_data(
    live: LiveStack, outputs: dict[str, Any], engine: DockerClient, since: dict[str, str], marker: str
) -> None:
    spot = person(outputs, "compute-spot")
    spot.s3.put_object(Bucket="azureml", Key=f"ExperimentRun/{marker}", Body=b"result")
    attempts: list[Callable[[], object]] = [
        lambda: spot.s3.list_objects_v2(Bucket="azureml"),
        lambda: spot.again().vault,
    ]
    assert all(is_allowed(attempt) for attempt in attempts)

    # One is removed, by a role that may.
    mlw(live, "delete", "--name", "spot", "--yes", "--principal", "olga")
    assert not any(is_allowed(attempt) for attempt in attempts)
    assert [one["name"] for one in live.stack.outputs()["computes"]] == ["local", "cpu-cluster"]

    # Without any, the workspace is what it was.
    live.stack.configure()
    live.stack.up().check()
    found = live.stack.outputs()
    principals = vault_client(found).secrets.kv.v2.list_secrets(path="", mount_point="principals")
    assert (found, set(principals["data"]["keys"])) == (live.outputs, {"dora", "olga"})

    # What its jobs have stored is kept, and they come back without a restart.
    kept = person(found, "dora").s3.get_object(Bucket="azureml", Key=f"ExperimentRun/{marker}")
    assert kept["Body"].read() == b"result"
    live.stack.configure(computes=COMPUTES)
    live.stack.up().check()
    assert starts(live, engine) == since
