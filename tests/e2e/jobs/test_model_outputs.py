"""Outputs with the type of a model: versions in the registry, which belong to the run of the job."""

from pathlib import Path

import pytest

from tests.support.jobs_workspace import Mlw, data_of
from tests.support.running_jobs import Jobs
from tests.support.stacks import LiveStack

TYPES = ("mlflow_model", "custom_model", "triton_model")
IMAGE = {"image": "python:3.11"}


@pytest.fixture
def jobs(jobs_stack: LiveStack, tmp_path: Path) -> Jobs:
    return Jobs(stack=jobs_stack.stack, folder=tmp_path)


def test_models_that_a_job_writes_are_registered_and_read_by_the_next_job(jobs: Jobs, mlw: Mlw) -> None:
    outputs = {type_: {"type": type_, "name": f"written-{type_}"} for type_ in TYPES}
    write = "; ".join(
        f"mkdir -p ${{{{outputs.{type_}}}}}/sub; echo {type_} > ${{{{outputs.{type_}}}}}/sub/w" for type_ in TYPES
    )

    jobs.submit(
        "writes-models",
        f"{write}; echo flavors: > ${{{{outputs.mlflow_model}}}}/MLmodel",
        environment=IMAGE,
        outputs=outputs,
    )

    written = jobs.finish("writes-models")
    assert written["status"] == "Completed", written["error"]
    assert {name: one["asset"] for name, one in written["outputs"].items()} == {
        type_: f"written-{type_}:1" for type_ in TYPES
    }
    for type_ in TYPES:
        model = data_of(mlw("model", "show", "--name", f"written-{type_}", "--version", "1", "-o", "json"))
        assert (model["type"], model["jobName"], model["properties"]) == (
            type_, written["run_id"], {"job": "writes-models", "output": type_}
        )  # fmt: skip
    inputs = {
        "first": {"type": "mlflow_model", "path": "azureml:written-mlflow_model@latest"},
        "second": {"type": "custom_model", "path": "azureml:written-custom_model:1"},
    }
    jobs.submit(
        "reads-models", "cat ${{inputs.first}}/sub/w ${{inputs.second}}/sub/w", environment=IMAGE, inputs=inputs
    )
    read = jobs.finish("reads-models")
    assert read["status"] == "Completed", read["error"]
    assert "mlflow_model\ncustom_model\n" in mlw("job", "stream", "reads-models").output
    tags = [
        data_of(mlw("run", "show", one["run_id"], "-o", "json"))["tags"].get(f"azureml.{name}")
        for one, name in ((written, "output.mlflow_model"), (read, "input.first"))
    ]
    assert tags == ["azureml:written-mlflow_model:1"] * 2


def test_an_output_that_is_no_model_of_mlflow_fails_the_job_with_the_reason(jobs: Jobs, mlw: Mlw) -> None:
    outputs = {"model": {"type": "mlflow_model", "name": "no-model"}}

    jobs.submit("wrong-model", "touch ${{outputs.model}}/model.pkl", environment=IMAGE, outputs=outputs)

    shown = jobs.finish("wrong-model")
    assert (shown["status"], "'MLmodel', and the output has none" in shown["error"]) == ("Failed", True)
    assert mlw("model", "show", "--name", "no-model").exit_code != 0
