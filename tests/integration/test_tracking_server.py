"""The tracking server by itself: MLflow's unmodified client, roles, artifacts as streams, and what it survives."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from functools import partial

import pytest
import requests
from docker import DockerClient

from tests.support.probes import probe_until
from tests.support.tracking_server import (
    API,
    BUCKET,
    EVERYTHING,
    FILES,
    PREFIX,
    USERS,
    Server,
    password_of,
    running_server,
)
from tools.python.tracking.tracking import routes

KILLS = 3
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def server(engine: DockerClient) -> Iterator[Server]:
    """A server for all tests of this file; each one has its own runs."""
    with running_server(engine) as found:
        yield found


def _artifact_path(server: Server, run: str, name: str) -> str:
    location = server.call("GET", f"{API}/runs/get", run_id=run)["run"]["info"]["artifact_uri"]
    return f"{str(location).removeprefix('mlflow-artifacts:/')}/{name}"


ROUTES = """
import os
os.environ["MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE"] = "true"
from mlflow.server import app, constants
from mlflow.server.otel_api import otel_router
from tracking import mlflow_settings
import inspect, json
rules = [(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}]
rules += [(method, route.path) for route in otel_router.routes for method in route.methods]
names = {value for value in vars(constants).values() if isinstance(value, str)}
set_here = [word for word in inspect.getsource(mlflow_settings).split('"') if word.startswith("_MLFLOW")]
print(json.dumps({"rules": rules, "unknown": sorted(set(set_here) - names)}))
"""


def test_every_route_of_mlflow_is_in_the_table(server: Server) -> None:
    """An upgrade of MLflow that adds a route has to say which operation it needs."""
    found = json.loads(server.run_python(ROUTES).splitlines()[-1])

    requests_of = {(method, re.sub(r"<(?:path:)?\w+>", "x", rule)) for method, rule in found["rules"]}
    assert len(requests_of) > 300
    assert sorted(one for one in requests_of if routes.find(*one) is None) == [("GET", "/health")]
    assert found["unknown"] == []


CLIENT = """
import math, mlflow, os, sys
from pathlib import Path
client = mlflow.MlflowClient()
mlflow.set_experiment("churn/ü 1")
with mlflow.start_run(run_name="näme/1") as run:
    mlflow.log_params({f"p/{number}": number for number in range(3000)})
    mlflow.log_metrics({"m/ü": 0.5, "nan": math.nan, "inf": math.inf, "-inf": -math.inf})
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_text("hello", "folder/ü b.txt")
    Path("/tmp/model").mkdir()
    Path("/tmp/model/MLmodel").write_text("flavors: {}")
    mlflow.log_artifacts("/tmp/model", "model")
    run_id = run.info.run_id
data = client.get_run(run_id).data
assert len(data.params) == 3000 and data.params["p/2999"] == "2999"
assert math.isnan(data.metrics["nan"]) and data.metrics["inf"] > 1e308 and data.metrics["-inf"] < -1e308
assert [metric.value for metric in client.get_metric_history(run_id, "loss")] == [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]
assert [(file.path, file.file_size) for file in client.list_artifacts(run_id, "folder")] == [("folder/ü b.txt", 5)]
assert mlflow.artifacts.load_text(f"runs:/{run_id}/folder/ü b.txt") == "hello"
version = mlflow.register_model(f"runs:/{run_id}/model", "churn")
client.set_registered_model_alias("churn", "best", version.version)
target = mlflow.artifacts.download_artifacts("models:/churn@best", dst_path="/tmp/downloaded")
assert Path(target, "MLmodel").read_text() == "flavors: {}"
with mlflow.start_span("question") as span:
    span.set_inputs({"text": "?"})
mlflow.flush_trace_async_logging()
assert len(client.search_traces(locations=[run.info.experiment_id])) == 1
client.delete_model_version("churn", version.version)
print("passed")
"""


def test_unmodified_client_in_the_network_logs_registers_and_downloads(server: Server) -> None:
    assert server.run_python(CLIENT).splitlines()[-1] == "passed"


ATTEMPTS = [
    ("GET", f"{API}/experiments/get?experiment_id=0", {}, "experiments/read"),
    ("POST", f"{API}/experiments/search", {"max_results": 1}, "experiments/read"),
    (
        "POST",
        f"{API}/experiments/set-experiment-tag",
        {"experiment_id": "0", "key": "k", "value": "v"},
        "experiments/write",
    ),
    ("POST", f"{API}/experiments/delete", {"experiment_id": "9999"}, "experiments/delete"),
    ("POST", f"{API}/runs/search", {"experiment_ids": ["0"]}, "runs/read"),
    ("POST", f"{API}/runs/create", {"experiment_id": "0"}, "runs/write"),
    ("POST", f"{API}/runs/delete", {"run_id": "0" * 32}, "runs/delete"),
    ("PUT", f"{FILES}/0/roles/artifacts/x", {}, "runs/write"),
    ("DELETE", f"{FILES}/0/roles/artifacts/x", {}, "runs/delete"),
    ("GET", f"{API}/registered-models/search", {}, "models/read"),
    ("POST", f"{API}/registered-models/set-tag", {"name": "no", "key": "k", "value": "v"}, "models/write"),
    ("DELETE", f"{API}/registered-models/delete", {"name": "no"}, "models/delete"),
    ("POST", "/graphql", {"query": '{mlflowGetRun(input: {runId: "x"}) {run {info {runUuid}}}}'}, "runs/read"),
    ("POST", "/graphql", {"query": '{mlflowGetRun(input: {runId: "x"}) {run {modelVersions {name}}}}'}, "models/read"),
    ("POST", "/graphql", {"query": 'mutation {testMutation(inputString: "x") {value}}'}, "nothing"),
    ("POST", "/graphql", {"query": "{__schema {types {name}}}"}, "nothing"),
    ("POST", f"{API}/webhooks", {"name": "x", "url": "http://x", "events": []}, "nothing"),
    ("POST", "/api/3.0/mlflow/gateway/secrets/create", {}, "nothing"),
    ("POST", "/api/3.0/mlflow/workspaces", {"name": "x"}, "nothing"),
]


@pytest.mark.parametrize("user", USERS)
def test_user_can_do_what_the_operations_allow(server: Server, user: str) -> None:
    wrong = [
        (method, path, reply.status_code, reply.text[:200])
        for method, path, body, operation in ATTEMPTS
        for reply in [server.request(method, path, user=user, json=body)]
        if (reply.status_code == requests.codes.forbidden) == (operation in USERS[user])
    ]

    assert wrong == []


def test_removed_user_and_removed_operation_are_refused_by_the_next_request(server: Server) -> None:
    path = f"{API}/experiments/get?experiment_id=0"
    assert server.request("GET", path, user="reader").ok

    try:
        server.set_users({"owner": EVERYTHING, "custom": ["runs/read"]})
        assert server.request("GET", path, user="reader").status_code == requests.codes.unauthorized
        assert server.request("GET", path, user="custom").status_code == requests.codes.forbidden
        assert server.request("GET", path).ok
    finally:
        server.set_users(USERS)
    assert server.request("GET", path, user="reader").ok


def test_page_is_served_to_users_only(server: Server) -> None:
    assert server.session.get(server.url("/"), timeout=10).status_code == requests.codes.unauthorized
    page = server.request("GET", "/", user="operator")

    assert "<title>MLflow</title>" in page.text
    script = re.findall(r'src="([^"]+\.js)"', page.text)[0]
    assert server.request("GET", f"/{script}", user="operator").ok


def test_large_artifact_passes_through_a_small_server(server: Server) -> None:
    """Larger than the memory of the container, and than its /tmp."""
    piece, number = hashlib.sha512(b"x").digest() * 16384, 384
    path = f"{FILES}/{_artifact_path(server, server.create_run(), 'large.bin')}"

    sent = server.request("PUT", path, data=(piece for _ in range(number)))
    assert sent.ok, sent.text
    with server.request("GET", path, stream=True) as received:
        content = [chunk == piece for chunk in received.iter_content(MEBIBYTE)]

    assert len(content) == number
    assert all(content)


def test_range_of_an_artifact_can_be_downloaded(server: Server) -> None:
    path = f"{FILES}/{_artifact_path(server, server.create_run(), 'some.txt')}"
    assert server.request("PUT", path, data=b"0123456789").ok

    reply = server.request("GET", path, headers={"Range": "bytes=3-5"})

    assert (reply.status_code, reply.content) == (206, b"345")
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''some.txt"


@pytest.mark.parametrize("size", [1000, 20 * MEBIBYTE], ids=["small", "large"])
def test_upload_that_breaks_off_leaves_what_was_there(server: Server, size: int) -> None:
    stored = _artifact_path(server, server.create_run(), "model.bin")
    assert server.request("PUT", f"{FILES}/{stored}", data=b"before").ok

    def broken() -> Iterator[bytes]:
        yield bytes(size)
        raise ConnectionAbortedError

    with pytest.raises((ConnectionAbortedError, requests.ConnectionError)):
        server.request("PUT", f"{FILES}/{stored}", data=broken())

    assert server.request("GET", f"{FILES}/{stored}").content == b"before"
    probe_until(lambda: _has_no_uploads(server, stored), what="the end of the upload")


def _has_no_uploads(server: Server, path: str) -> None:
    assert server.storage._list_multipart_uploads(BUCKET, prefix=f"{PREFIX}/{path}").uploads == []


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", "%2e%2e/x", "a/%2E%2E/%2e%2e/x", "%252e%252e/x", "/etc/passwd", "a//b", "a%5c..%5cx", "./x"],
)
def test_artifact_path_that_climbs_out_is_refused(server: Server, path: str) -> None:
    before = sorted(server.objects())
    for method in ("PUT", "GET", "DELETE"):
        prepared = requests.Request(method, "http://x", data=b"x", auth=("owner", password_of("owner"))).prepare()
        prepared.url = server.url(f"{FILES}/{path}")  # as it is: `requests` would resolve it
        assert server.session.send(prepared, timeout=10).status_code in {400, 403, 404}

    assert sorted(server.objects()) == before


@pytest.mark.parametrize("location", ["file:///etc", "s3://azureml/other", "/etc/tracking", "http://127.0.0.1:9000/x"])
def test_location_elsewhere_is_never_read(server: Server, location: str) -> None:
    """Whatever a client says about where its artifacts are: the server reads its own prefix only."""
    body = {"name": f"elsewhere {location}", "artifact_location": location}
    refused = server.request("POST", f"{API}/experiments/create", json=body)
    assert refused.status_code == requests.codes.bad_request
    assert "is not on this server; leave 'artifact_location' out" in refused.json()["message"]

    # MLflow takes the name of the key in another spelling too.
    body = {"name": f"elsewhere {location}", "artifactLocation": location}
    created = server.request("POST", f"{API}/experiments/create", json=body)
    if created.ok:
        run = server.create_run(created.json()["experiment_id"])
        listed = server.request("GET", f"{API}/artifacts/list", params={"run_id": run})
        read = server.request("GET", "/get-artifact", params={"run_id": run, "path": "artifact-credentials"})
        assert (listed.ok, read.ok) == (False, False)


def test_body_that_is_too_large_is_refused(server: Server) -> None:
    body = bytes(17 * MEBIBYTE)

    for data in (body, iter([body])):
        reply = server.request("POST", f"{API}/runs/log-batch", data=data, headers={"Content-Type": "application/json"})
        assert reply.status_code == requests.codes.request_entity_too_large


@pytest.mark.fault("the tracking server is killed while metrics are logged", "every acknowledged metric is there")
def test_killed_server_has_every_acknowledged_metric(server: Server) -> None:
    run, acknowledged = server.create_run(), list[int]()
    stop = threading.Event()

    def log_metrics() -> None:
        step = 0
        while not stop.is_set():
            step += 1
            body = {"run_id": run, "key": "m", "value": step, "timestamp": step, "step": step}
            try:
                if server.request("POST", f"{API}/runs/log-metric", json=body).ok:
                    acknowledged.append(step)
            except requests.RequestException:
                probe_until(server.await_ready, what="the server after a kill")

    writer = threading.Thread(target=log_metrics)
    writer.start()
    try:
        for _ in range(KILLS):
            probe_until(partial(_more_than, acknowledged, len(acknowledged) + 15), what="metrics")
            assert server.container is not None
            server.container.kill("SIGKILL")
            server.container.start()
            server.await_ready()
    finally:
        stop.set()
        writer.join()

    history = server.call("GET", f"{API}/metrics/get-history", run_id=run, metric_key="m", max_results="10000")
    assert len(acknowledged) > KILLS * 15
    assert sorted(set(acknowledged) - {int(metric["step"]) for metric in history["metrics"]}) == []


def _more_than(found: list[int], number: int) -> None:
    assert len(found) > number


def test_stop_finishes_requests_in_flight_and_ends_with_0(server: Server) -> None:
    path = f"{FILES}/{_artifact_path(server, server.create_run(), 'slow.bin')}"
    begun, results = threading.Event(), list[int]()

    def slowly() -> Iterator[bytes]:
        yield b"begun"
        begun.set()
        probe_until(lambda: _says(server, "stopping"), what="the server to stop")
        yield b"ended"

    sender = threading.Thread(target=lambda: results.append(server.request("PUT", path, data=slowly()).status_code))
    sender.start()
    assert server.container is not None
    assert begun.wait(20)
    server.container.stop(timeout=10)  # the engine's own time, after which it kills: with another exit code
    sender.join()
    server.container.reload()
    state = server.container.attrs["State"]
    server.start()

    assert (results, state["ExitCode"]) == ([200], 0)
    assert server.request("GET", path).content == b"begunended"


def _says(server: Server, word: str) -> None:
    assert server.container is not None
    assert f'"message": "{word}"' in server.container.logs().decode()


def test_log_is_json_without_secrets(server: Server) -> None:
    server.request("GET", "/", user="owner")
    server.session.get(server.url("/"), headers={"Authorization": "Bearer wrong-token"}, timeout=10)

    assert server.container is not None
    log = server.container.logs().decode()
    assert all(isinstance(json.loads(line), dict) for line in log.splitlines())
    assert [word for word in ("password of", "wrong-token", "storage-password", "Basic ") if word in log] == []
