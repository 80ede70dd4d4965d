"""A sweep job for people: its best trial, the objective over all trials, and each trial."""

from __future__ import annotations

import math

from mlw.jobs.job_records import Job, JobRecords
from mlw.jobs.literals import as_text
from mlw.output import table
from mlw.sweeps.search_points import flat
from mlw.sweeps.sweep_jobs import SweepJob
from mlw.sweeps.trials import best_of, read_trials
from mlw.tracking.sparklines import sparkline
from mlw.tracking.tracking_text import cell, number


def trials_text(records: JobRecords, job: Job) -> str:
    """The trials of a sweep job, with what is known of them now."""
    sweep, found = SweepJob.of(job.record.command), list(read_trials(records, job.record.name))
    if not found:
        return "No trial has started."
    best = best_of((trial for trial, _ in found), maximize=sweep.maximize)
    goal = "highest" if sweep.maximize else "lowest"
    line = sparkline([math.nan if trial.score is None else trial.score for trial, _ in found])
    head = [f"{sweep.metric} ({goal} is best) of {len(found)} of at most {sweep.most_trials} trials  {line}".rstrip()]
    if best:
        shown = ", ".join(f"{key}={value}" for key, value in flat(best.point.parameters).items())
        head.append(f"best trial: {best.job.name}, {sweep.metric} {number(best.score)}, {shown}")
    names = [one.name for one in sweep.space]
    rows = [
        (
            trial.job.name, str(state.status), number(trial.score),
            *(cell(as_text(trial.point.parameters[name])) for name in names),
        )
        for trial, state in found
    ]  # fmt: skip
    return "\n".join((*head, "", table(("TRIAL", "STATUS", sweep.metric, *names), rows, whole=(0,))))
