"""The tracking server under load: kills while runs, metrics and artifacts are written, and artifacts of a gibibyte."""

import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import requests
from docker import DockerClient

from infra import service_images
from tests.support.mlflow_client import mlflow_client
from tests.support.probes import probe_until
from tests.support.tracking_server import API, FILES, PORT, Server, password_of, running_server

KILLS, WRITERS = 20, 3
LONGEST = 30
"""Acknowledged runs between two kills, at most."""
MEBIBYTES = 1024
LEAST_WRITES, LEAST_RATIO = 30, 0.95
"""Of writes per second; of those of a bare MLflow."""
ROUNDS, SECONDS = 5, 4.0
BARE = """
import uvicorn
from a2wsgi import WSGIMiddleware
from mlflow.server import app
from mlflow.server.handlers import initialize_backend_stores
import os
initialize_backend_stores(os.environ["_MLFLOW_SERVER_FILE_STORE"], None, os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"])
uvicorn.run(WSGIMiddleware(app), host="0.0.0.0", port=5000, log_level="warning")
"""
BARE_DATA = "/var/lib/bare"
BATCH = 100
"""MLflow's limit for parameters in one request."""

LARGE = """
import hashlib, os, pathlib, shutil, sys, tempfile
import mlflow

folder, digest = pathlib.Path(tempfile.mkdtemp()), hashlib.sha256()
with (folder / "weights.bin").open("wb") as file:
    for _ in range(int(sys.argv[1])):
        piece = os.urandom(1 << 20)
        digest.update(piece)
        file.write(piece)
with mlflow.start_run() as run:
    mlflow.log_artifact(str(folder / "weights.bin"), "model")
(folder / "weights.bin").unlink()
client, name = mlflow.MlflowClient(), run.info.run_id
client.create_registered_model(name)
client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
loaded = pathlib.Path(mlflow.artifacts.download_artifacts(f"models:/{name}/1", dst_path=str(folder)))
(found,) = loaded.rglob("weights.bin")
with found.open("rb") as file:
    assert hashlib.file_digest(file, "sha256").digest() == digest.digest()
shutil.rmtree(folder)
print("equal")
"""


@pytest.fixture(scope="module")
def server(engine: DockerClient) -> Iterator[Server]:
    """A server for this file, with the memory limit of its tests, which is below a workspace's."""
    with running_server(engine) as found:
        yield found


@dataclass
class RunLoad:
    """Writers that create a run with a metric and an artifact each, and what was acknowledged.

    Attributes:
        server: Where they write.
        created: Ids of all runs that were acknowledged.
        acknowledged: Those whose metric and artifact were too, with the number that both have.
        interrupted: How many were in flight when the server was killed.
    """

    server: Server
    created: list[str] = field(default_factory=list)
    acknowledged: dict[str, int] = field(default_factory=dict)
    interrupted: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write during the block."""
        writers = [threading.Thread(target=self._write_on, args=(number,)) for number in range(WRITERS)]
        for one in writers:
            one.start()
        try:
            yield
        finally:
            self._ended.set()
            for one in writers:
                one.join()

    def wait_for(self, runs: int) -> None:
        """Wait until so many more are acknowledged."""
        wanted = len(self.acknowledged) + runs

        def written() -> None:
            assert len(self.acknowledged) >= wanted

        probe_until(written, what="acknowledged runs")

    def lost(self) -> list[str]:
        """Return the runs that are not there, or whose acknowledged metric or artifact is not."""
        return [run for run in self.created if not self._is_kept(run, self.acknowledged.get(run))]

    def _is_kept(self, run: str, number: int | None) -> bool:
        reply = self.server.request("GET", f"{API}/runs/get", params={"run_id": run})
        if number is None or not reply.ok:
            return reply.ok
        metrics = reply.json()["run"]["data"].get("metrics", [])
        stored = self.server.request("GET", f"{FILES}/0/{run}/artifacts/a.txt")
        return [metric["value"] for metric in metrics] == [number] and stored.text == str(number)

    def _write_on(self, writer: int) -> None:
        number = writer
        while not self._ended.is_set():
            number += WRITERS
            try:
                self._write(number)
            except (requests.RequestException, AssertionError, KeyError):
                # The server was killed, or is starting.
                self.interrupted += 1
                self._ended.wait(0.1)

    def _write(self, number: int) -> None:
        run = self.server.create_run()
        self.created.append(run)
        stored = self.server.request("PUT", f"{FILES}/0/{run}/artifacts/a.txt", data=str(number).encode())
        stored.raise_for_status()
        body = {"run_id": run, "key": "m", "value": number, "timestamp": 1}
        self.server.request("POST", f"{API}/runs/log-metric", json=body).raise_for_status()
        self.acknowledged[run] = number


@pytest.mark.fault(
    "the tracking server is killed 20 times while runs, metrics and artifacts are written",
    "everything acknowledged is there",
)
def test_nothing_acknowledged_is_lost_through_many_kills(server: Server, soak_scale: float) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - moments, no secrets
    chosen = random.Random(seed)  # noqa: S311 - same
    load = RunLoad(server)
    with load.running():
        for _ in range(max(4, round(KILLS * soak_scale))):
            load.wait_for(chosen.randint(1, LONGEST))
            assert server.container is not None
            server.container.kill("SIGKILL")
            server.container.start()
            server.await_ready()
        load.wait_for(LONGEST)

    print(f"seed {seed}: {len(load.acknowledged)} runs acknowledged, {load.interrupted} attempts interrupted")
    assert load.interrupted
    assert load.lost() == []


@pytest.mark.parametrize("place", ["host", "network"])
def test_an_artifact_of_a_gibibyte_goes_up_and_down_within_the_memory_limit(
    server: Server, soak_scale: float, place: str
) -> None:
    size = str(max(64, round(MEBIBYTES * soak_scale)))
    if place == "network":
        printed = server.run_python(LARGE, arguments=[size])
    else:
        variables = {
            "MLFLOW_TRACKING_URI": server.url(""),
            "MLFLOW_TRACKING_USERNAME": "owner",
            "MLFLOW_TRACKING_PASSWORD": password_of("owner"),
            "GIT_PYTHON_REFRESH": "quiet",
            "PATH": "/usr/bin:/bin",
        }
        command = [str(mlflow_client() / "python"), "-c", LARGE, size]
        printed = subprocess.run(command, env=variables, check=True, capture_output=True, text=True).stdout

    assert printed.splitlines()[-1] == "equal"
    assert server.container is not None
    server.container.reload()
    assert server.container.status == "running"
    assert server.container.attrs["RestartCount"] == 0
    assert not server.container.attrs["State"]["OOMKilled"]


@contextmanager
def bare_mlflow(server: Server) -> Iterator[str]:
    """The handlers of the same MLflow in one process, without anything of ours in front; yields the address."""
    database = f"sqlite:///{BARE_DATA}/bare.db"
    container = server.engine.containers.run(
        service_images.table()["tracking"].image,
        ["-c", BARE],
        entrypoint=["/usr/bin/python3.11"],
        environment={
            "_MLFLOW_SERVER_FILE_STORE": database,
            "_MLFLOW_SERVER_ARTIFACT_ROOT": BARE_DATA,
            "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "true",
            "GIT_PYTHON_REFRESH": "quiet",
        },
        volumes=[BARE_DATA],
        working_dir=BARE_DATA,
        user="0",
        ports={f"{PORT}/tcp": ("127.0.0.1", 0)},
        detach=True,
    )
    try:
        published = server.engine.api.port(str(container.id), PORT)[0]
        url = f"http://127.0.0.1:{published['HostPort']}"
        probe_until(lambda: requests.get(f"{url}/health", timeout=5).raise_for_status(), what="a bare MLflow")
        yield url
    finally:
        container.remove(force=True, v=True)


def writes_per_second(url: str, login: tuple[str, str] | None, seconds: float) -> float:
    """Log metrics one after another, as one training program does."""
    with requests.Session() as session:
        session.auth = login
        run = session.post(f"{url}{API}/runs/create", json={"experiment_id": "0"}).json()["run"]["info"]["run_id"]
        number, begun = 0, time.monotonic()
        while (elapsed := time.monotonic() - begun) < seconds:
            body = {"run_id": run, "key": "m", "value": number, "timestamp": 1, "step": number}
            session.post(f"{url}{API}/runs/log-metric", json=body).raise_for_status()
            number += 1
    return number / elapsed


def test_writes_are_as_fast_as_those_of_a_bare_mlflow(server: Server, soak_scale: float) -> None:
    own, bare = [], []
    login, seconds = ("owner", password_of("owner")), max(1, SECONDS * soak_scale)
    with bare_mlflow(server) as url:
        for _ in range(ROUNDS):
            own.append(writes_per_second(server.url(""), login, seconds))
            bare.append(writes_per_second(url, None, seconds))

    print(f"writes per second: {[round(one) for one in own]}, of a bare MLflow {[round(one) for one in bare]}")
    assert max(own) >= LEAST_WRITES
    assert max(own) >= LEAST_RATIO * max(bare)


def test_a_run_can_have_ten_thousand_parameters(server: Server, soak_scale: float) -> None:
    run, wanted = server.create_run(), {f"p{number}": str(number) for number in range(round(10_000 * soak_scale))}
    pairs = [{"key": key, "value": value} for key, value in wanted.items()]
    for first in range(0, len(pairs), BATCH):
        server.call("POST", f"{API}/runs/log-batch", {"run_id": run, "params": pairs[first : first + BATCH]})

    found = server.call("GET", f"{API}/runs/get", run_id=run)["run"]["data"]["params"]

    assert {one["key"]: one["value"] for one in found} == wanted
