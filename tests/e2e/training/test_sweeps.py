"""Sweep jobs on a running workspace: trials with metrics in MLflow, the best one's outputs, trials that are ended."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.jobs_workspace import Mlw, data_of
from tests.support.probes import probe_until
from tests.support.running_jobs import Jobs
from tests.support.stacks import LiveStack
from tests.support.sweep_files import write_sweep


@pytest.fixture
def jobs(jobs_stack: LiveStack, tmp_path: Path) -> Iterator[Jobs]:
    found = Jobs(stack=jobs_stack.stack, folder=tmp_path)
    yield found
    assert found.left() == []


def _trials(mlw: Mlw, sweep: str) -> dict[str, Any]:
    """The jobs of a sweep's trials, by name."""
    return {one["name"]: one for one in data_of(mlw("job", "list", "--parent-job-name", sweep, "-o", "json"))}


def test_a_sweep_has_the_outputs_of_its_best_trial_and_its_trials_are_runs(jobs: Jobs, mlw: Mlw) -> None:
    file = write_sweep(
        jobs.folder,
        "python log.py ${{search_space.loss}} && echo ${{search_space.loss}} > ${{outputs.model}}",
        outputs={"model": {"type": "uri_file", "name": "tuned"}},
        search_space={"loss": {"type": "choice", "values": [3, 1, 2]}},
        limits={"max_total_trials": 5, "max_concurrent_trials": 2},
    )

    jobs.mlw("create", "-f", str(file), "--name", "sweep-best", "--stream").check()

    shown, trials = jobs.show("sweep-best"), _trials(mlw, "sweep-best")
    run = data_of(mlw("run", "show", trials["sweep-best_1"]["run_id"], "-o", "json"))
    assert {one["status"] for one in trials.values()} == {"Completed"}
    assert {name: one["properties"]["score"] for name, one in trials.items()} == {
        "sweep-best_0": "3.0", "sweep-best_1": "1.0", "sweep-best_2": "2.0",
    }  # fmt: skip
    assert (shown["properties"]["best_child_run_id"], shown["properties"]["score"]) == ("sweep-best_1", "1.0")
    assert (shown["outputs"]["model"]["asset"], shown["compute"]) == ("tuned:1", "")
    facts = json.dumps(run)
    assert [text for text in (shown["run_id"], '"loss": "1"', "hyperparameters") if text not in facts] == []
    jobs.mlw("download", "sweep-best", "--output-name", "model", "-p", str(jobs.folder)).check()
    assert (jobs.folder / "sweep-best/named-outputs/model/model").read_text(encoding="utf-8") == "1\n"
    text = mlw("job", "show", "sweep-best").check().stdout
    assert "best trial: sweep-best_1, loss 1, loss=1" in text


def test_a_bad_trial_is_ended_early_and_cancel_ends_the_others(jobs: Jobs, mlw: Mlw) -> None:
    file = write_sweep(
        jobs.folder,
        "python log.py ${{search_space.losses}} 600",
        search_space={"losses": {"type": "choice", "values": ["1,1", "5,4"]}},
        limits={"max_total_trials": 2, "max_concurrent_trials": 2},
        early_termination={"type": "bandit", "slack_factor": 0.5, "evaluation_interval": 2},
    )
    jobs.mlw("create", "-f", str(file), "--name", "sweep-bad").check()
    ended = jobs.wait_for("sweep-bad_1", "Canceled")
    assert jobs.show("sweep-bad_0")["status"] == "Running"

    jobs.mlw("cancel", "sweep-bad").check()

    shown = jobs.finish("sweep-bad")
    assert ended["error"] == "early termination (bandit): 4 at interval 2; the best trial allows 1.5"
    assert (shown["status"], shown["error"]) == ("Canceled", "canceled by a request")
    probe_until(lambda: _assert_scores(mlw), what="scores of the trials")


def _assert_scores(mlw: Mlw) -> None:
    found = {name: (one["status"], one["properties"].get("score")) for name, one in _trials(mlw, "sweep-bad").items()}
    assert found == {"sweep-bad_0": ("Canceled", "1.0"), "sweep-bad_1": ("Canceled", "4.0")}


def test_bayesian_sampling_chooses_among_mappings_with_parameters_of_their_own(jobs: Jobs, mlw: Mlw) -> None:
    losses = {"type": "uniform", "min_value": 1, "max_value": 2}
    file = write_sweep(
        jobs.folder,
        "echo ${{search_space.model}} > model.json && "
        'python log.py $(python -c \'import json; print(json.load(open("model.json"))["loss"])\')',
        sampling_algorithm="bayesian",
        search_space={"model": {"type": "choice", "values": [{"name": "a", "loss": losses}, {"loss": losses}]}},
        limits={"max_total_trials": 3, "max_concurrent_trials": 2},
    )

    jobs.mlw("create", "-f", str(file), "--name", "sweep-bayes", "--stream").check()

    trials = _trials(mlw, "sweep-bayes")
    assert len({one["properties"]["score"] for one in trials.values()}) == 3
    for one in trials.values():
        run = data_of(mlw("run", "show", one["run_id"], "-o", "json"))
        assert run["params"]["model.loss"] == one["properties"]["score"]


NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code", "execution_count": None, "id": "values", "outputs": [],
            "metadata": {"tags": ["parameters"]}, "source": "alpha = 1.0",
        },
        {
            "cell_type": "code", "execution_count": None, "id": "double", "outputs": [], "metadata": {},
            "source": "print('doubled', 2 * alpha)",
        },
    ],
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip


def test_a_notebook_runs_with_parameters_and_the_executed_one_is_an_artifact(jobs: Jobs) -> None:
    (jobs.folder / "src").mkdir()
    (jobs.folder / "src" / "train.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    packages = {"dependencies": ["python=3.11", "pip", {"pip": ["papermill", "ipykernel"]}]}

    jobs.submit(
        "notebook",
        "papermill train.ipynb outputs/train.ipynb -k python3 -p alpha ${{inputs.alpha}}",
        code=str(jobs.folder / "src"),
        environment={"image": "python:3.11", "conda_file": packages},
        inputs={"alpha": 21},
    )

    assert jobs.finish("notebook")["status"] == "Completed"
    jobs.mlw("download", "notebook", "-p", str(jobs.folder)).check()
    executed = json.loads((jobs.folder / "notebook/artifacts/outputs/train.ipynb").read_text(encoding="utf-8"))
    assert "doubled 42\n" in json.dumps(executed["cells"][-1]["outputs"]).replace("\\n", "\n")
