"""Invocations: the document of the job, and what the job makes of it."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlw.batch_endpoints.batch_errors import BatchEndpointError
from mlw.batch_endpoints.batch_invocations import Invocation, document_of
from mlw.batch_endpoints.batch_records import BatchDeployment
from mlw.job_programs.parallel_run.parallel_settings import Settings
from mlw.jobs.job_types import as_command
from mlw.online_endpoints.endpoint_records import DeployedModel

REGISTERED = DeployedModel(name="churn", version="3", location="models/m-1", folder="model", type="custom_model")
TREES = BatchDeployment(
    name="trees", endpoint="churn-batch", environment="azureml:sklearn:1", code="c" * 64, script="score.py",
    model=REGISTERED,
    document={
        "compute": "cpu-cluster", "mini_batch_size": 2, "error_threshold": 5, "logging_level": "debug",
        "environment_variables": {"LEVEL": "1"}, "resources": {"instance_count": 2},
    },
)  # fmt: skip
MLFLOW = replace(
    TREES, code="", script="", model=replace(REGISTERED, type="mlflow_model"), environment={"image": "i"}, document={}
)


def invocation(**over: Any) -> Invocation:  # noqa: ANN401 - any field
    return Invocation(**{"endpoint": "churn-batch", "input": "azureml:customers:1", **over})


def settings(document: dict[str, Any]) -> Settings:
    words = shlex.split(str(as_command(document)["command"]))
    return Settings.of(next(word for word in words if word.startswith('{"')))


def test_a_deployment_becomes_a_parallel_job() -> None:
    document = document_of(TREES, invocation(job="scored"))
    command = as_command(document)

    assert (document["name"], document["experiment_name"], document["compute"]) == (
        "scored", "churn-batch", "cpu-cluster"
    )  # fmt: skip
    assert document["properties"] == {"azureml.endpointname": "churn-batch", "azureml.deploymentname": "trees"}
    assert document["inputs"]["input"] == {"path": "azureml:customers:1", "type": "uri_folder"}
    assert document["inputs"]["model"] == {
        "path": "azureml:churn:3", "type": "custom_model", "folder": "model"
    }  # fmt: skip
    assert document["outputs"] == {"score": {"type": "uri_folder"}}
    assert (command["code"], command["environment"]) == ("c" * 64, "azureml:sklearn:1")
    assert command["command"].endswith("--append_row_file_name predictions.csv")
    assert command["environment_variables"] == {"LEVEL": "1"}
    assert settings(document) == Settings(
        data="input", append_to="score", batch_files=2, error_threshold=5, retries=3, timeout_seconds=30,
        is_verbose=True, model="model", output="score",
    )  # fmt: skip


def test_a_name_is_made_as_azure_does() -> None:
    names = {document_of(TREES, invocation())["name"] for _ in range(2)}

    assert len(names) == 2
    assert all(name.startswith("batchjob-") for name in names)


def test_settings_of_one_job_replace_those_of_the_deployment() -> None:
    changes = ("settings.mini_batch_size=7", "output_file_name='two words.csv'", "retry_settings.max_retries=0")
    document = document_of(TREES, invocation(changes=changes, output_path="azureml://datastores/d/paths/p"))

    assert (settings(document).batch_files, settings(document).retries, settings(document).timeout_seconds) == (
        7,
        0,
        30,
    )
    assert as_command(document)["command"].endswith("--append_row_file_name 'two words.csv'")
    assert document["outputs"]["score"]["path"] == "azureml://datastores/d/paths/p"
    assert TREES.document["mini_batch_size"] == 2


def test_only_settings_can_be_changed_for_one_job() -> None:
    with pytest.raises(BatchEndpointError) as caught:
        document_of(TREES, invocation(changes=("compute=local", "mini_batch_size=0")))

    assert "'compute' cannot be set for one job" in str(caught.value)
    assert "mini_batch_size is 0" in str(caught.value)


def test_a_summary_collects_no_rows_and_has_a_folder_to_write_to() -> None:
    found = settings(document_of(TREES, invocation(changes=("output_action=summary_only",))))

    assert (found.append_to, found.output) == ("", "score")


def test_a_model_of_mlflow_needs_no_script() -> None:
    words = shlex.split(str(as_command(document_of(MLFLOW, invocation()))["command"]))

    assert words[words.index("mlw.job_programs.parallel_run") + 1] == ""


def test_a_stored_model_is_a_folder_of_the_default_datastore() -> None:
    stored = DeployedModel(name="azureml_anonymous_1", version="1", location="LocalUpload/1", container="blobs")

    assert document_of(replace(TREES, model=stored), invocation())["inputs"]["model"] == {
        "type": "uri_folder", "path": "azureml://datastores/workspaceblobstore/paths/LocalUpload/1", "folder": "",
    }  # fmt: skip


def test_data_of_this_machine_has_the_type_that_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.touch()

    def type_of(given: object, **over: str) -> str:
        return str(document_of(TREES, invocation(input=str(given), **over))["inputs"]["input"]["type"])

    assert (type_of(file), type_of(tmp_path)) == ("uri_file", "uri_folder")
    assert type_of("https://example.org/a.csv") == "uri_file"
    assert type_of("azureml://datastores/d/paths/a.csv", input_type="uri_file") == "uri_file"
    with pytest.raises(BatchEndpointError, match=r"--input '.*nothing' does not exist"):
        type_of(tmp_path / "nothing")
