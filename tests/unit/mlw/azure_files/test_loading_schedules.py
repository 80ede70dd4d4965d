"""Files of schedules: where their jobs come from, and what changes in them."""

from pathlib import Path

import pytest

from mlw.azure_files.azure_file_errors import AzureFileError, NotRunnableHereError
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


COMPUTE = "compute: {instance_type: standard_e4s_v3, runtime_version: '3.4'}"


def monitor(write: Write, *parts: str) -> Path:
    content = ", ".join((COMPUTE, *parts))
    return write("schedule.yml", f"name: s\n{TRIGGER}create_monitor: {{{content}}}")


def test_data_of_a_monitor_is_that_of_the_files_folder(write: Write) -> None:
    data = write("reference.csv")
    signal = "{type: data_drift, reference_data: {input_data: {path: reference.csv, type: uri_file}}}"
    found = load(
        "schedule", monitor(write, f"monitoring_signals: {{drift: {signal}, quality: {{type: data_quality}}}}")
    )

    signals = found["create_monitor"]["monitoring_signals"]
    assert signals["drift"]["reference_data"]["input_data"] == {"path": str(data), "type": "uri_file"}
    assert signals["quality"] == {"type": "data_quality"}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("monitoring_signals: {a: {type: custom}}", "type 'custom': its component runs on a Spark cluster"),
        ("monitoring_signals: {a: {type: Feature_Attribution_Drift}}", "type 'feature_attribution_drift': it needs"),
        ("monitoring_signals: {a: {type: data_drift, data_segment: {feature_name: b}}}", "data_segment: a monitor"),
        (
            "monitoring_signals: {a: {type: data_drift, production_data: {pre_processing_component: azureml:p:1}}}",
            "pre_processing_component: components that prepare",
        ),
        ("monitoring_target: {ml_task: question_answering}", "it rates texts with a model"),
    ],
    ids=["custom", "attribution", "segment", "preparation", "task"],
)
def test_what_needs_spark_or_a_hosted_model_is_refused_with_its_line(write: Write, part: str, expected: str) -> None:
    with pytest.raises(NotRunnableHereError, match=rf"schedule.yml:\d+: {expected}"):
        load("schedule", monitor(write, part))


def test_drift_of_predictions_without_thresholds_is_refused_as_by_azure(write: Write) -> None:
    with pytest.raises(AzureFileError, match=r"signals\.a\.metric_thresholds is missing; Azure requires it"):
        load("schedule", monitor(write, "monitoring_signals: {a: {type: prediction_drift}}"))


def test_a_monitor_without_a_compute_is_refused_as_by_azure(write: Write) -> None:
    with pytest.raises(AzureFileError, match=r"create_monitor\.compute is missing; Azure requires it"):
        load("schedule", write("schedule.yml", f"name: s\n{TRIGGER}create_monitor: {{}}"))


@pytest.mark.usefixtures("pipeline")
def test_a_time_that_is_set_stays_text(write: Write) -> None:
    file = write("schedule.yml", f"name: s\n{TRIGGER}create_job: ./pipeline.yml")

    assert (
        load("schedule", file, ["trigger.end_time=2028-01-01T06:00:00"])["trigger"]["end_time"] == "2028-01-01T06:00:00"
    )
