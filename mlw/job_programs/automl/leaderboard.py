"""The trials in MLflow: progress while the search runs, then the best trial of each algorithm as a child run."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlw.job_programs.automl.automl_settings import Settings
from mlw.job_programs.automl.automl_trials import Found, Trial
from mlw.job_programs.automl.metric_names import loss_of

TRIALS = "trials.csv"
BEST_CHILD = "automl_best_child_run_id"
"""Azure's tag of the job's run."""


@dataclass(frozen=True)
class JobRun:
    """The MLflow run of the job.

    Attributes:
        client: MLflow's.
    """

    client: Any
    run: str
    experiment: str
    job: str

    @classmethod
    def current(cls) -> JobRun | None:
        """That of this job; None without a tracking server."""
        run = os.environ.get("MLFLOW_RUN_ID")
        if not run:
            return None
        from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

        job = os.environ.get("AZUREML_RUN_ID", run)
        return cls(client=MlflowClient(), run=run, experiment=os.environ["MLFLOW_EXPERIMENT_ID"], job=job)


class Progress:
    """Prints each trial, and logs the best score to the job's run, if there is one."""

    def __init__(self, settings: Settings, tracked: JobRun | None) -> None:
        self._settings, self._tracked = settings, tracked
        self._best: Trial | None = None

    def tell(self, trial: Trial) -> None:
        """After each trial."""
        metric = self._settings.metric
        is_better = self._best is None or loss_of(metric, trial.score) < loss_of(metric, self._best.score)
        if is_better:
            self._best = trial
            if self._tracked:
                self._tracked.client.log_metric(self._tracked.run, metric, trial.score, step=trial.number)
        best = self._best.score if self._best else trial.score
        print(
            f"trial {trial.number:4d}  {trial.algorithm:22s} {metric} {trial.score:.5f}  best {best:.5f}"
            f"  {trial.seconds:.1f} s",
            flush=True,
        )


def write_table(settings: Settings, found: Found, folder: Path) -> None:
    """Write all trials to a file, the best first."""
    folder.mkdir(parents=True, exist_ok=True)
    ranked = found.ranked(settings.metric)
    names = sorted({name for trial in ranked for name in trial.scores} - {settings.metric})
    with (folder / TRIALS).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["rank", "trial", "algorithm", settings.metric, *names, "started", "seconds", "parameters"])
        for rank, trial in enumerate(ranked, start=1):
            values = [trial.scores.get(name, "") for name in names]
            parameters = json.dumps(trial.config, sort_keys=True, default=str)
            times = (round(trial.started, 3), round(trial.seconds, 3))
            rows.writerow([rank, trial.number, trial.algorithm, trial.score, *values, *times, parameters])


def best_of_each(settings: Settings, found: Found) -> list[Trial]:
    """The best trial of each algorithm, the best first."""
    best: dict[str, Trial] = {}
    for trial in found.ranked(settings.metric):
        best.setdefault(trial.algorithm, trial)
    return list(best.values())


def log_children(settings: Settings, found: Found, tracked: JobRun) -> None:
    """Make the child runs, and tag the job's run with the best one."""
    from mlflow.entities import Metric, Param  # noqa: PLC0415 - only with a tracking server

    client, children = tracked.client, []
    for rank, trial in enumerate(best_of_each(settings, found), start=1):
        start, end = int(trial.started * 1000), int((trial.started + trial.seconds) * 1000)
        tags = {
            "mlflow.parentRunId": tracked.run, "mlflow.runName": f"{tracked.job}_{trial.number - 1}",
            "mlw.automl.rank": str(rank), "run_algorithm": trial.algorithm, "mlw.automl.trial": str(trial.number),
        }  # fmt: skip
        child = client.create_run(tracked.experiment, start_time=start, tags=tags).info.run_id
        children.append(child)
        metrics = [Metric(name, value, end, 0) for name, value in trial.scores.items()]
        params = [Param(name, str(value)) for name, value in trial.config.items()]
        client.log_batch(child, metrics=metrics, params=[Param("algorithm", trial.algorithm), *params])
        client.set_terminated(child, end_time=end)
    client.set_tag(tracked.run, BEST_CHILD, children[0])
