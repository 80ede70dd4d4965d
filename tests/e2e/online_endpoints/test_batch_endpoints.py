"""Batch endpoints with the files of Azure's examples: a script, a model of MLflow, failures, roles, what is left."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.jobs_workspace import Mlw, data_of
from tests.support.mlflow_models import write_doubling_model
from tests.support.object_store import s3_client
from tests.support.served_endpoints import call
from tests.support.stacks import LiveStack

SCORE = """
import os
from pathlib import Path

def init():
    global offset
    offset = int(Path(os.environ["AZUREML_MODEL_DIR"], "model", "offset.txt").read_text())

def run(mini_batch):
    return [f"{Path(one).name} {int(Path(one).read_text()) + offset}" for one in mini_batch]
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files as in Azure's examples: an endpoint, deployments in the newer and in the older form, data."""
    folder = tmp_path_factory.mktemp("batch")
    for name, text in {
        "code/batch_driver.py": SCORE, "model/offset.txt": "10", **{f"numbers/{one}.txt": str(one) for one in range(5)},
        "broken/0.txt": "0", "broken/1.txt": "one", "tables/a.csv": "a\n1\n2\n", "tables/b.csv": "a\n3\n",
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    write_doubling_model(folder / "mlflow-model")
    description = folder / "mlflow-model" / "MLmodel"
    # Not the type that pandas gives a column of whole numbers.
    inputs = json.dumps([{"name": "a", "type": "integer", "required": True}])
    signed = {**yaml.safe_load(description.read_text(encoding="utf-8")), "signature": {"inputs": inputs}}
    description.write_text(yaml.safe_dump(signed), encoding="utf-8")
    common = {"endpoint_name": "sums-batch", "compute": "azureml:cpu-cluster", "resources": {"instance_count": 1}}
    documents = {
        "endpoint": {"name": "sums-batch", "description": "adds ten"},
        "script": {
            "$schema": "https://azuremlschemas.azureedge.net/latest/modelBatchDeployment.schema.json",
            "name": "script", "type": "model", **common, "model": {"path": "model"},
            "code_configuration": {"code": "code", "scoring_script": "batch_driver.py"},
            "environment": {"image": "python"},
            "settings": {"mini_batch_size": 2, "max_concurrency_per_instance": 2, "output_action": "append_row",
                         "retry_settings": {"max_retries": 0, "timeout": 30}, "error_threshold": -1},
        },
        "mlflow": {
            "$schema": "https://azuremlschemas.azureedge.net/latest/batchDeployment.schema.json",
            "name": "mlflow", **common, "model": {"path": "mlflow-model", "type": "mlflow_model"},
            "output_file_name": "doubled.csv",
        },
    }  # fmt: skip
    for name, document in documents.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def endpoint(jobs_stack: LiveStack, files: Path) -> Iterator[Path]:
    """An endpoint with deployment `script`, which is the default one; a data scientist makes and deletes it."""

    def as_scientist(*words: str) -> None:
        group, verb, *rest = words
        call(jobs_stack, group, verb, *rest, "--principal", "data-scientist").check()

    as_scientist("batch-endpoint", "create", "-f", str(files / "endpoint.yml"))
    try:
        as_scientist("batch-deployment", "create", "-f", str(files / "script.yml"), "--set-default")
        yield files
    finally:
        before = [one["name"] for one in data_of(call(jobs_stack, "job", "list", "-o", "json"))]
        as_scientist("batch-endpoint", "delete", "-n", "sums-batch", "--yes")
    # Of the endpoint nothing is left, and of the jobs everything.
    found = s3_client(jobs_stack.outputs).list_objects_v2(Bucket="azureml", Prefix="batch-")
    assert [one["Key"] for one in found.get("Contents", ())] == []
    assert [one["name"] for one in data_of(call(jobs_stack, "job", "list", "-o", "json"))] == before


def invoke(mlw: Mlw, *words: str, principal: str = "") -> str:
    """Name of the job."""
    return str(data_of(mlw("batch-endpoint", "invoke", "-n", "sums-batch", *words, principal=principal))["name"])


def rows(mlw: Mlw, job: str, folder: Path, file: str) -> list[str]:
    """Lines of the result."""
    mlw("job", "download", "--name", job, "--output-name", "score", "-p", str(folder)).check()
    return (folder / job / "named-outputs" / "score" / file).read_text(encoding="utf-8").splitlines()


def test_a_script_scores_a_folder(mlw: Mlw, endpoint: Path, tmp_path: Path) -> None:
    job = invoke(mlw, "--input", str(endpoint / "numbers"), principal="invoker")

    done = mlw("job", "stream", job)
    assert done.exit_code == 0, done.output[-2000:]
    assert "mini-batches: 3; items: 5; processes: 2" in done.output
    assert rows(mlw, job, tmp_path, "predictions.csv") == [f"{one}.txt {one + 10}" for one in range(5)]
    for group, words in (
        ("batch-endpoint", ["-n", "sums-batch"]),
        ("batch-deployment", ["-n", "script", "-e", "sums-batch"]),
    ):
        listed = data_of(mlw(group, "list-jobs", *words, "-o", "json", principal="reader"))
        assert [one["status"] for one in listed if one["name"] == job] == ["Completed"]


def test_the_error_threshold_decides_whether_a_broken_file_fails_the_job(
    mlw: Mlw, endpoint: Path, tmp_path: Path
) -> None:
    broken = ("--input", str(endpoint / "broken"), "--mini-batch-size", "1")
    refused = invoke(mlw, *broken, "--set", "error_threshold=0")
    kept = invoke(mlw, *broken)

    stopped = mlw("job", "stream", refused)
    assert stopped.exit_code == 1
    assert "more than `error_threshold` (0) allows" in stopped.output
    assert mlw("job", "stream", kept).exit_code == 0
    assert rows(mlw, kept, tmp_path, "predictions.csv") == ["0.txt 10"]


def test_a_model_of_mlflow_scores_tables_without_a_script(mlw: Mlw, endpoint: Path, tmp_path: Path) -> None:
    mlw("batch-deployment", "create", "-f", str(endpoint / "mlflow.yml")).check()

    job = invoke(mlw, "-d", "mlflow", "--input", str(endpoint / "tables"))

    done = mlw("job", "stream", job)
    assert done.exit_code == 0, done.output[-2000:]
    assert rows(mlw, job, tmp_path, "doubled.csv") == ["0,2,a.csv", "1,4,a.csv", "0,6,b.csv"]


def test_roles_decide_who_changes_and_invokes(mlw: Mlw, endpoint: Path) -> None:
    for words, principal, said in (
        (("list",), "submitter", "batchEndpoints/read"),
        (("create", "--name", "others"), "reader", "batchEndpoints/write"),
        (("update", "-n", "sums-batch", "--set", "description=x"), "invoker", "batchEndpoints/write"),
        (("delete", "-n", "sums-batch", "--yes"), "reader", "batchEndpoints/delete"),
        (("invoke", "-n", "sums-batch", "--input", str(endpoint / "numbers")), "reader", "batchEndpoints/jobs/write"),
    ):
        refused = mlw("batch-endpoint", *words, principal=principal)
        assert (refused.exit_code, said in refused.stderr) == (1, True), refused.stderr
