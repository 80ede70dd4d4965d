"""What the tracking server does with its data over time: deletes it for good, migrates it, runs out of space."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from docker import DockerClient

from tests.support.probes import probe_until
from tests.support.tracking_server import API, FILES, Server, running_server


@pytest.fixture(scope="module")
def server(engine: DockerClient) -> Iterator[Server]:
    """A server for the tests of this file, which start it again."""
    with running_server(engine) as found:
        yield found


CREATED = """
import json, mlflow, time
from mlflow.entities import Dataset, DatasetInput
client = mlflow.MlflowClient()
def run_in(experiment):
    run = client.create_run(experiment).info.run_id
    client.log_param(run, "p", 1), client.log_metric(run, "m", 1), client.set_tag(run, "t", 1)
    client.log_text(run, "x", "f/x.txt"), client.log_text(run, "flavors: {}", "model/MLmodel")
    client.log_inputs(run, [DatasetInput(Dataset("name", "digest", "type", "source"), [])])
    return run
kept, removed, shared = (client.create_experiment(name) for name in ("kept", "removed", "shared"))
escaped = client.create_experiment("escaped", "mlflow-artifacts:/area")
live, deleted, registered, recent = (run_in(kept) for _ in range(4))
run_in(removed)
model = client.create_logged_model(removed, "m", run_in(removed), tags={"a": "b"}, params={"c": "d"}).model_id
gone = client.create_logged_model(kept, "m", live).model_id
mlflow.set_experiment(experiment_id=removed)
with mlflow.start_span("s"):
    pass
mlflow.flush_trace_async_logging()
client.create_registered_model("registered")
client.create_model_version("registered", f"runs:/{registered}/model", registered)
inside = client.create_experiment("inside", f"mlflow-artifacts:/{shared}/inside")
inside_run = run_in(inside)
client.create_experiment("in escaped", "mlflow-artifacts:/%61rea/inside")
for run in (deleted, registered, recent):
    client.delete_run(run)
client.delete_logged_model(gone)
client.delete_experiment(removed)
client.delete_experiment(shared)
client.delete_experiment(escaped)
print(json.dumps({name: value for name, value in globals().items() if isinstance(value, str) and name[0] != "_"}))
"""

AGED = """
import os, sqlite3
with sqlite3.connect("/var/lib/tracking/mlflow.db") as connection:
    for table, column in {"runs": "deleted_time", "experiments": "last_update_time",
                          "logged_models": "last_updated_timestamp_ms"}.items():
        connection.execute(f"UPDATE {table} SET {column} = {column} - 8 * 86400000 WHERE lifecycle_stage = 'deleted'")
    connection.execute("UPDATE runs SET deleted_time = deleted_time + 2 * 86400000 WHERE run_uuid = ?",
                       (os.environ["RECENT"],))
"""


def test_trash_is_removed_after_its_retention_and_nothing_else_is(server: Server) -> None:
    made = json.loads(server.run_python(CREATED).splitlines()[-1])
    before = set(server.objects())

    assert server.container is not None
    server.container.stop(timeout=15)
    server.run_python(AGED, RECENT=made["recent"])
    server.start()
    probe_until(lambda: _is_collected(server), what="the trash")

    left = {"live", "registered", "recent", "inside_run"}
    gone = [name for name in left if not _has_run(server, made[name])]
    assert gone == []
    assert not _has_run(server, made["deleted"])
    names = [experiment["name"] for experiment in _experiments(server)]
    assert sorted(names) == ["Default", "escaped", "in escaped", "inside", "kept", "shared"]
    removed = {key for key in before if key.startswith((f"{made['removed']}/", f"{made['kept']}/{made['deleted']}/"))}
    assert removed
    assert before - set(server.objects()) == removed
    assert server.call("POST", f"{API}/experiments/create", {"name": "removed"})["experiment_id"]


IN_DAYS = """
import sys, time
from pathlib import Path
now = time.time
time.time = lambda: now() + int(sys.argv[1]) * 86400
from tracking import configuration, mlflow_settings
found = configuration.load(Path("/etc/tracking/config.json"))
mlflow_settings.apply(found)
from tracking.artifact_store import ArtifactStore
from tracking.trash import Trash
Trash(found.database, ArtifactStore(found.artifacts), found.trash_retention_days).collect()
"""
"""Collects the trash as the server will do in so many days."""

REMOVED_LONG_AGO = """
import sqlite3
with sqlite3.connect("/var/lib/tracking/removed.db") as connection:
    connection.execute("UPDATE removed SET time = 1")
"""


def test_what_an_upload_stores_after_its_run_was_removed_is_removed_too_and_no_other_file(server: Server) -> None:
    live, removed, unknown = server.create_run(), server.create_run(), uuid.uuid4().hex
    late = f"0/{removed}/artifacts/late.bin"
    for path in (f"0/{live}/artifacts/a", f"0/{removed}/artifacts/a", f"0/{unknown}/artifacts/a", "of-a-person/a"):
        server.request("PUT", f"{FILES}/{path}", data=b"content").raise_for_status()
    server.call("POST", f"{API}/runs/delete", {"run_id": removed})

    with _uploading(server, late):
        server.run_python(IN_DAYS, arguments=["8"])
        assert not _has_run(server, removed)
        assert server.objects(f"0/{removed}/") == []
    server.run_python(REMOVED_LONG_AGO + IN_DAYS, arguments=["6"])
    assert server.objects(f"0/{removed}/") == [late], "it is not as old as the retention"
    with _uploading(server, f"0/{removed}/artifacts/running.bin"):
        server.run_python(IN_DAYS, arguments=["16"])
        assert server.objects(f"0/{removed}/") == []

    assert server.objects(f"0/{removed}/") == [f"0/{removed}/artifacts/running.bin"]
    for path in (f"0/{live}/artifacts/a", f"0/{unknown}/artifacts/a", "of-a-person/a"):
        assert server.request("GET", f"{FILES}/{path}").content == b"content"


@contextmanager
def _uploading(server: Server, path: str) -> Iterator[None]:
    """Have sent half of a file when the block begins, and all of it when it has ended."""
    half, ended = b"x" * (9 << 20), threading.Event()

    def content() -> Iterator[bytes]:
        yield half
        begun.set()
        ended.wait(60)
        yield half

    begun, statuses = threading.Event(), []
    sender = threading.Thread(
        target=lambda: statuses.append(server.request("PUT", f"{FILES}/{path}", data=content()).status_code)
    )
    sender.start()
    try:
        assert begun.wait(60)
        yield
    finally:
        ended.set()
        sender.join()
    assert statuses == [requests.codes.ok]


def _is_collected(server: Server) -> None:
    assert server.container is not None
    assert "removed deleted records and their artifacts" in server.container.logs().decode()


def _has_run(server: Server, run: str) -> bool:
    return server.request("GET", f"{API}/runs/get", params={"run_id": run}).ok


def _experiments(server: Server) -> list[dict[str, str]]:
    body = {"max_results": 100, "view_type": "ALL"}
    return list(server.call("POST", f"{API}/experiments/search", body)["experiments"])


OLDER = """
import sqlalchemy
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base
engine = sqlalchemy.create_engine("sqlite:////var/lib/tracking/mlflow.db")
Base.metadata.create_all(engine)
config = _get_alembic_config(str(engine.url))
with engine.begin() as connection:
    config.attributes["connection"] = connection
    command.upgrade(config, "bda7b8c39065")
    connection.execute(sqlalchemy.text(
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time,"
        " last_update_time) VALUES (7, 'old', 'mlflow-artifacts:/7', 'active', 1, 1)"))
with open("/var/lib/tracking/mlflow.db.upgrade", "w") as left_by_a_killed_migration:
    left_by_a_killed_migration.write("half")
"""

EMPTY = """
import pathlib
for file in pathlib.Path("/var/lib/tracking").glob("mlflow.db*"):
    file.unlink()
"""

NEWER = """
import sqlite3
with sqlite3.connect("/var/lib/tracking/mlflow.db") as connection:
    connection.execute("UPDATE alembic_version SET version_num = 'feedbeef0000'")
"""


def test_older_database_is_migrated_and_a_newer_one_is_refused(server: Server) -> None:
    assert server.container is not None
    server.container.stop(timeout=15)
    server.run_python(EMPTY + OLDER)
    server.start()
    assert "old" in [experiment["name"] for experiment in _experiments(server)]

    server.container.stop(timeout=15)
    server.run_python(NEWER)
    server.start(is_awaited=False)
    status = server.container.wait(timeout=60)["StatusCode"]
    log = server.container.logs().decode()
    server.run_python(EMPTY)
    server.start()

    assert status == 1
    assert "a newer MLflow has written it (its schema is 'feedbeef0000'" in log
    assert "Traceback" not in log


@pytest.mark.fault("the volume of the tracking server is full", "writes fail, and everything acknowledged can be read")
def test_full_disk_fails_writes_and_nothing_else(engine: DockerClient) -> None:
    volume = {"type": "tmpfs", "device": "tmpfs", "o": "size=6m,uid=10001"}
    with running_server(engine, data=volume) as server:
        run, number, status = server.create_run(), 0, requests.codes.ok
        while status == requests.codes.ok:
            tags = [{"key": f"{number}-{one}", "value": "x" * 5000} for one in range(100)]
            reply = server.request("POST", f"{API}/runs/log-batch", json={"run_id": run, "tags": tags})
            status = reply.status_code
            number += status == requests.codes.ok

        kept = server.call("GET", f"{API}/runs/get", run_id=run)["run"]["data"]["tags"]
        stored = f"{FILES}/0/{run}/artifacts/x"

        assert status >= requests.codes.server_error
        assert len([tag for tag in kept if tag["value"][0] == "x"]) == number * 100
        assert server.request("PUT", stored, data=b"x").ok
