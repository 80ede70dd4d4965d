"""An online endpoint with a deployment, made from files like those of Azure's examples, for the files of a folder."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from docker import DockerClient

from infra import labels
from tests.support.jobs_workspace import data_of
from tests.support.mlflow_models import write_doubling_model
from tests.support.object_store import s3_client
from tests.support.online_deployments import SCHEMA, SCORE, deployment, write_model_and_code
from tests.support.probes import probe_until
from tests.support.processes import Finished, run
from tests.support.stacks import LiveStack

BROKEN = "def init():\n    raise ValueError('the model is of another version')\n\ndef run(data):\n    return data\n"
HUNGRY = "def init():\n    global kept\n    kept = bytearray(3 << 30)\n\ndef run(data):\n    return data\n"
COLLECTED = ("model_inputs", "model_outputs", "response")
"""What the deployment of MLflow collects."""

COLLECTED_SECONDS = 30

Files = dict[str, Path]


@pytest.fixture(scope="package")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Files as in Azure's examples: an endpoint, deployments, a request."""
    folder = tmp_path_factory.mktemp("endpoints")
    write_model_and_code(folder, score=SCORE, broken=BROKEN, hungry=HUNGRY)
    write_doubling_model(folder / "mlflow-model")
    made: dict[str, dict[str, Any]] = {
        "endpoint": {"name": "sums", "auth_mode": "key"},
        "other": {"name": "others", "auth_mode": "key"},
    }
    made |= {"blue": deployment("blue", "score"), "green": deployment("green", "score")}
    made["green"]["environment_variables"] = {"ROUND": "2"}
    made["mlflow"] = {
        "$schema": SCHEMA, "name": "mlflow", "endpoint_name": "others",
        "model": {"path": "mlflow-model", "type": "mlflow_model"}, "instance_type": "Standard_DS3_v2",
        "data_collector": {"collections": {one: {"enabled": "True"} for one in COLLECTED}},
    }  # fmt: skip
    for name, document in made.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (folder / "request.json").write_text('{"data": [1, 2]}', encoding="utf-8")
    return {"folder": folder, **{name: folder / f"{name}.yml" for name in made}, "request": folder / "request.json"}


@dataclass(frozen=True, kw_only=True)
class Served:
    """An endpoint with deployment `blue`, which has all traffic."""

    stack: LiveStack
    engine: DockerClient
    files: Files
    uri: str
    key: str

    def mlw(self, group: str, verb: str, *words: str, principal: str = "") -> Finished:
        """Run `mlw GROUP VERB STACK ...`."""
        return call(self.stack, group, verb, *words, *(("--principal", principal) if principal else ()))

    def ask(self, key: str | None = None, **headers: str) -> requests.Response:
        """Send a request."""
        given = {"Authorization": f"Bearer {self.key if key is None else key}", **headers}
        return requests.post(self.uri, json={"data": [1, 2]}, headers=given, timeout=60)

    def instances(self, endpoint: str = "sums") -> dict[str, Any]:
        """Names and attributes of the containers of an endpoint."""
        # Other stacks may have an endpoint of this name on the same engine.
        stack = f"{labels.STACK}={self.stack.stack.name}"
        own: dict[str, str | list[str] | bool] = {"label": [f"{labels.ONLINE_ENDPOINT}={endpoint}", stack]}
        return {str(one.name): one.attrs for one in self.engine.containers.list(all=True, filters=own)}


def call(stack: LiveStack, group: str, verb: str, *words: str) -> Finished:
    environment = stack.stack.environment
    command = ["mlw", group, verb, stack.stack.name, *words]
    return run(command, cwd=environment.project, env=environment.variables, timeout_seconds=300)


@pytest.fixture(scope="package")
def served(jobs_stack: LiveStack, engine: DockerClient, files: Files) -> Iterator[Served]:
    made = data_of(call(jobs_stack, "online-endpoint", "create", "-f", str(files["endpoint"])))
    try:
        call(jobs_stack, "online-deployment", "create", "-f", str(files["blue"]), "--all-traffic").check()
        key = data_of(call(jobs_stack, "online-endpoint", "get-credentials", "-n", "sums"))["primaryKey"]
        yield Served(stack=jobs_stack, engine=engine, files=files, uri=made["scoring_uri"], key=key)
    finally:
        call(jobs_stack, "online-endpoint", "delete", "-n", "sums", "--yes").check()


def records(served: Served, folder: str) -> list[dict[str, Any]]:
    """What was collected below a folder, when there is something."""
    outputs = served.stack.outputs
    container = next(one["container"] for one in outputs["datastores"] if one["name"] == "workspaceblobstore")
    client = s3_client(outputs)

    def found() -> list[str]:
        listed = client.list_objects_v2(Bucket=container, Prefix=folder).get("Contents", [])
        assert listed
        return [one["Key"] for one in listed]

    names = probe_until(found, what=f"data in {folder}", timeout_seconds=COLLECTED_SECONDS)
    read = [client.get_object(Bucket=container, Key=name)["Body"].read().decode() for name in names]
    return [json.loads(line) for text in read for line in text.splitlines()]
