"""Files of schedules: where their jobs come from, and what changes in them."""

from pathlib import Path

import pytest

from mlw.azure_files.azure_file_errors import NotRunnableHereError
from mlw.azure_files.loading import load

from .conftest import Write

TRIGGER = "trigger: {type: cron, expression: '0 6 * * *', start_time: 2027-01-01T06:00:00}\n"
PIPELINE = """
type: pipeline
display_name: hello
inputs: {depth: 3, data: {path: data.csv}}
settings: {force_rerun: true}
jobs: {a: {command: run, code: src}}
"""


@pytest.fixture
def pipeline(write: Write) -> Path:
    write("src/run.py")
    write("data.csv")
    return write("pipeline.yml", PIPELINE)


def test_a_job_in_a_file_is_inlined_with_what_changes_in_it(write: Write, pipeline: Path) -> None:
    changes = "{type: pipeline, job: ./pipeline.yml, inputs: {depth: 5}, settings: {default_compute: 'azureml:cpu'}}"
    found = load("schedule", write("schedule.yml", f"name: s\n{TRIGGER}create_job: {changes}"))

    job = found["create_job"]
    assert job["inputs"] == {"depth": 5, "data": {"path": str(pipeline.parent / "data.csv"), "type": "uri_folder"}}
    assert job["settings"] == {"force_rerun": True, "default_compute": "cpu"}
    assert job["jobs"]["a"]["code"] == str(pipeline.parent / "src")
    assert (job["display_name"], "job" in job) == ("hello", False)
    assert found["trigger"]["start_time"] == "2027-01-01T06:00:00"


@pytest.mark.usefixtures("pipeline")
def test_a_file_alone_is_the_job(write: Write) -> None:
    found = load("schedule", write("schedule.yml", f"name: s\n{TRIGGER}create_job: ./pipeline.yml"))

    assert (found["create_job"]["type"], found["create_job"]["inputs"]["depth"]) == ("pipeline", 3)


@pytest.mark.parametrize(
    ("create_job", "expected"),
    [
        ("azureml:first", {"job": "first"}),
        (
            "{type: command, job: azureml:first, inputs: {a: 1}}",
            {"job": "first", "type": "command", "inputs": {"a": 1}},
        ),
    ],
    ids=["name", "mapping"],
)
def test_an_earlier_job_is_named(write: Write, create_job: str, expected: object) -> None:
    assert (
        load("schedule", write("schedule.yml", f"name: s\n{TRIGGER}create_job: {create_job}"))["create_job"] == expected
    )


def test_monitors_of_models_are_refused(write: Write) -> None:
    with pytest.raises(NotRunnableHereError, match="create_monitor: monitoring of models is a service of Azure"):
        load("schedule", write("schedule.yml", f"name: s\n{TRIGGER}create_monitor: {{}}"))


@pytest.mark.usefixtures("pipeline")
def test_a_time_that_is_set_stays_text(write: Write) -> None:
    file = write("schedule.yml", f"name: s\n{TRIGGER}create_job: ./pipeline.yml")

    assert (
        load("schedule", file, ["trigger.end_time=2028-01-01T06:00:00"])["trigger"]["end_time"] == "2028-01-01T06:00:00"
    )
