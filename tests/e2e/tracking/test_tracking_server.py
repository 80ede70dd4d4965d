"""The tracking server in its workspace: what it may touch, what it tells, and how it is operated."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from docker import DockerClient

from infra.clients.engine.docker_engine import write_files
from tests.support.engine import read_files
from tests.support.faults import crash
from tests.support.insights import insights_client
from tests.support.object_store import s3_client
from tests.support.probes import probe_until
from tests.support.processes import Finished
from tests.support.stacks import LiveStack
from tests.support.tracking import TrackingClient
from tests.support.updates import assert_unchanged

BUCKET, PREFIX = "azureml", "mlflow"
RECORD = "workspace.json"
REFUSED = r"AccessDenied"


def mlw(tracked: LiveStack, *words: str) -> Finished:
    """Run a command for the workspace."""
    verb, *rest = words
    return tracked.stack.environment.mlw(verb, tracked.stack.name, *rest)


def codes(tracked: LiveStack) -> list[str]:
    """Return the codes of all findings of a diagnosis."""
    found: dict[str, list[dict[str, str]]] = json.loads(mlw(tracked, "diagnose").stdout)
    return [one["code"] for group in found.values() for one in group]


def test_the_record_has_its_address_and_nothing_changes_with_the_next_update(tracked: LiveStack) -> None:
    stored = s3_client(tracked.outputs).get_object(Bucket=BUCKET, Key=RECORD)["Body"].read()

    assert json.loads(stored)["mlFlowTrackingUri"] == tracked.outputs["endpoints"]["tracking"]
    assert_unchanged(tracked.stack.preview())
    tracked.stack.refresh().check()
    assert_unchanged(tracked.stack.preview())


def test_artifacts_are_below_one_prefix_which_is_all_that_the_server_may_use(
    tracked: LiveStack, engine: DockerClient, admin: TrackingClient, marker: str
) -> None:
    run = admin.create_run(admin.create_experiment(marker))
    path = admin.artifact_path(run, "model/weights.bin")
    assert admin.request("PUT", path, data=marker.encode()).ok
    keys = read_files(engine, tracked.container_of("tracking"), "/etc/tracking/artifact-credentials")
    lines = dict(line.split(" = ") for line in next(iter(keys.values())).decode().splitlines()[1:])
    server = s3_client(tracked.outputs, accessKey=lines["aws_access_key_id"], secretKey=lines["aws_secret_access_key"])
    (key,) = [
        str(one["Key"])
        for one in server.list_objects_v2(Bucket=BUCKET, Prefix=f"{PREFIX}/")["Contents"]
        if run["run_id"] in one["Key"]
    ]

    assert server.get_object(Bucket=BUCKET, Key=key)["Body"].read() == marker.encode()
    assert admin.request("GET", path).content == marker.encode()
    attempts: list[Callable[[], object]] = [
        partial(server.get_object, Bucket=BUCKET, Key=RECORD),
        partial(server.put_object, Bucket=BUCKET, Key=RECORD, Body=b"{}"),
        partial(server.delete_object, Bucket=BUCKET, Key=RECORD),
        partial(server.put_object, Bucket=BUCKET, Key=f"{PREFIX}-other/a", Body=b""),
        partial(server.list_objects_v2, Bucket=BUCKET),
        partial(server.list_objects_v2, Bucket=BUCKET, Prefix=f"{PREFIX}-"),
        partial(server.put_bucket_versioning, Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match=REFUSED):
            attempt()


@pytest.mark.parametrize("name", ["../workspace.json", "%2e%2e/%2e%2e/workspace.json", "..%2f..%2f..%2fworkspace.json"])
def test_no_path_climbs_out_of_the_prefix(admin: TrackingClient, marker: str, name: str) -> None:
    run = admin.create_run(admin.create_experiment(marker))
    session = requests.Session()
    request = requests.Request("GET", "http://x", auth=admin.login).prepare()
    request.url = admin.url + admin.artifact_path(run, f"../../../{name}")

    assert session.send(request, timeout=10).status_code in {400, 403, 404}


def test_its_requests_are_in_application_insights(tracked: LiveStack, admin: TrackingClient, marker: str) -> None:
    admin.create_experiment(marker)
    service = tracked.container_of("tracking")

    def kept() -> None:
        names = insights_client(tracked.outputs).column(f"SELECT DISTINCT name FROM spans WHERE service = '{service}'")
        assert any("experiments/create" in str(name) for name in names), names

    probe_until(kept, what="a span of the request")


def test_it_is_operated_like_the_other_services(tracked: LiveStack) -> None:
    assert codes(tracked) == []
    assert mlw(tracked, "open", "tracking", "--print").check().stdout.strip().startswith("http://127.0.0.1:")
    shown = mlw(tracked, "show").check()
    assert "tracking" not in shown.stderr
    logs = tracked.stack.environment.mlw("logs", "tracking", tracked.stack.name, "--tail", "5").check()
    assert logs.stdout
    watched: dict[str, Any] = json.loads(mlw(tracked, "watch", "--once", "-o", "json").check().stdout)
    (server,) = [one for one in watched["services"] if one["service"] == "tracking"]
    assert server["state"] == "ready"
    assert 0 < server["memoryMib"] < 220


def test_a_diagnosis_finds_a_server_that_is_down_and_a_file_of_users_that_was_changed(
    tracked: LiveStack, engine: DockerClient
) -> None:
    name = tracked.container_of("tracking")
    engine.api.stop(name)
    try:
        down = codes(tracked)
    finally:
        engine.api.start(name)
    users = next(iter(read_files(engine, name, "/etc/tracking/live/users").values()))
    container = engine.containers.get(name)

    def ready() -> None:
        assert requests.get(f"{tracked.outputs['endpoints']['tracking']}/health", timeout=5).ok

    def refuses() -> None:
        assert codes(tracked) == ["CredentialsRefused"]

    probe_until(ready, what="the server")

    try:
        write_files(name, "/etc/tracking/live", {"users": b'{"users": []}'}, uid=10001, gid=10001)
        probe_until(refuses, what="the finding")
    finally:
        write_files(name, "/etc/tracking/live", {"users": users}, uid=10001, gid=10001)

    assert down == ["ContainerNotRunning"]
    assert container.name == name


def test_no_acknowledged_metric_run_or_artifact_is_lost_when_it_is_killed(
    tracked: LiveStack, engine: DockerClient, admin: TrackingClient, marker: str
) -> None:
    experiment, acknowledged = admin.create_experiment(marker), dict[str, str]()

    def write(number: int) -> None:
        run = admin.create_run(experiment)
        path = admin.artifact_path(run, "a.txt")
        assert admin.request("PUT", path, data=str(number).encode()).ok
        body = {"run_id": run["run_id"], "key": "m", "value": number, "timestamp": 1}
        assert admin.request("POST", "runs/log-metric", body).ok
        acknowledged[run["run_id"]] = path

    for kill in range(2):
        for number in range(5):
            write(number)
        crash(engine, tracked.container_of("tracking"))
        probe_until(lambda: admin.request("GET", "/version").raise_for_status(), what=f"the server after kill {kill}")

    assert len(acknowledged) == 10
    for run_id, path in acknowledged.items():
        found = admin.call("GET", f"runs/get?run_id={run_id}")["run"]["data"]["metrics"]
        assert str(int(found[0]["value"])).encode() == admin.request("GET", path).content
