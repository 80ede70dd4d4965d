"""From the file of a sweep to its record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.errors import MlWorkspaceError
from mlw.jobs.job_records import JobRecord
from mlw.sweeps.sampling import Point
from mlw.sweeps.sweep_jobs import SweepJob
from mlw.sweeps.sweep_submission import sweep_record
from tests.support.sweep_runs import FakeTrials, sweep

COMPONENT = {
    "type": "command",
    "name": "train",
    "version": "3",
    "command": "train ${{inputs.lr}} ${{inputs.rounds}} ${{inputs.data}} ${{outputs.model}}",
    "code": "a" * 64,
    "environment": "azureml:sklearn@latest",
    "inputs": {
        "lr": {"type": "number"},
        "rounds": {"type": "integer", "default": 3},
        "data": {"type": "uri_file"},
    },
    "outputs": {"model": {"type": "uri_folder"}},
}


def record(**over: Any) -> JobRecord:  # noqa: ANN401 - YAML
    def find(reference: str) -> Mapping[str, Any]:
        assert reference == "azureml:train:3"
        return COMPONENT

    return sweep_record(sweep(**over), FakeTrials().submission(), Path("/project"), find)


def test_a_record_says_how_every_trial_runs() -> None:
    made = SweepJob.of(record(limits={"max_total_trials": 9, "trial_timeout": 60}).command)

    job = made.job_of(4, Point(parameters={"lr": 0.25}), parent_run="r")

    assert SweepJob.of(made.as_json()) == made
    assert (job.name, job.parent, job.parent_run, job.root) == ("tune_4", "tune", "r", "tune")
    assert job.command == "train --lr 0.25 --data ${{inputs.data}}"
    assert job.environment_variables["AZUREML_SWEEP_lr"] == "0.25"
    assert (job.tags["hyperparameters"], job.limits.timeout_seconds) == ('{"lr": 0.25}', 60)
    assert (made.most_trials, made.most_at_once) == (9, 9)


def test_a_registered_component_gets_the_parameters_as_inputs() -> None:
    made = SweepJob.of(record(trial="azureml:train:3", inputs={"data": {"path": "azureml:d:1"}}, outputs={}).command)

    job = made.job_of(0, Point(parameters={"lr": 0.5}), parent_run="")

    assert {name: one.value for name, one in job.inputs.items()} == {"lr": "0.5", "rounds": "3", "data": ""}
    assert (job.code, list(job.outputs)) == ("a" * 64, ["model"])


def test_a_grid_has_no_more_trials_than_points() -> None:
    space = {"lr": {"type": "choice", "values": [1, 2]}}

    assert SweepJob.of(record(sampling_algorithm="grid", search_space=space).command).most_trials == 2


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        ({"search_space": {}}, "search_space has no parameters"),
        ({"limits": {}}, "limits.max_total_trials is 0"),
        ({"trial": {"command": "echo ${{search_space.x}}"}}, "search_space has no such parameter. Parameters: lr"),
        ({"trial": {"command": "echo ${{inputs.x}}"}}, "the job has no such input"),
        ({"trial": {"command": "x", "resources": {"instance_count": 2}}}, "distribution over several nodes"),
    ],
    ids=["no space", "no trials", "parameter", "input", "nodes"],
)
def test_a_wrong_sweep_is_refused(over: dict[str, Any], problem: str) -> None:
    with pytest.raises(MlWorkspaceError) as raised:
        record(**over)

    assert problem in str(raised.value)
