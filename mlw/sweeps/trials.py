"""The trials of a sweep: what is known of each, also by its record, from which a new runner reads them again."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mlw.jobs.command_jobs import CommandJob, Finished
from mlw.jobs.dispatcher import JobStop
from mlw.jobs.job_records import JobRecord, JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.sweeps.sampling import PastTrial, Point
from mlw.sweeps.sweep_jobs import trial_name

COORDINATES, SCORE = "mlw.coordinates", "score"
"""Properties of the job of a trial: its place in the search space, and its best value of the primary metric."""


@dataclass(kw_only=True)
class Trial:
    """One trial.

    Attributes:
        reports: What it has logged of the primary metric, in this order.
        look_at: When its reports are read again.
        checked: The last report at which an early termination policy was applied.
        finished: What came of it; None while it runs.
    """

    number: int
    job: CommandJob
    point: Point
    stop: JobStop = field(default_factory=JobStop)
    reports: Sequence[float] = ()
    score: float | None = None
    look_at: float = 0
    checked: int = 0
    finished: Finished | None = None

    @property
    def is_completed(self) -> bool:
        """Whether its command succeeded."""
        return self.finished is not None and self.finished.status is JobStatus.COMPLETED

    @property
    def past(self) -> PastTrial:
        """What the next points are chosen by."""
        return PastTrial(coordinates=self.point.coordinates, score=self.score, is_running=self.finished is None)


def record_of(trial: Trial, sweep: JobRecord) -> JobRecord:
    """The record of a trial's job, written before the trial starts."""
    job = trial.job
    return JobRecord(
        name=job.name,
        type="command",
        document={"command": job.command, "environment": job.environment, "parameters": dict(trial.point.parameters)},
        command=job.as_json(),
        display_name=job.display_name,
        description=job.description,
        experiment=job.experiment,
        compute=job.compute,
        tags=job.tags,
        properties={COORDINATES: json.dumps(trial.point.coordinates)},
        parent=sweep.name,
        created_by=sweep.created_by,
    )


def read_trials(records: JobRecords, sweep: str) -> Iterator[tuple[Trial, JobState]]:
    """The trials that have a record, with their states."""
    number = 0
    while record := records.submitted(trial_name(sweep, number)):
        point = Point(
            parameters=record.document["parameters"],
            coordinates=tuple(json.loads(record.properties[COORDINATES])),
        )
        state = records.state(record.name)
        trial = Trial(number=number, job=CommandJob.of(record.command), point=point, score=score_of(state))
        if state.status.is_final:
            trial.finished = Finished(
                status=state.status, outputs=state.outputs, run_id=state.run_id, error=state.error
            )
        yield trial, state
        number += 1


def score_of(state: JobState) -> float | None:
    """The score in a state; None if it has none."""
    return float(state.properties[SCORE]) if SCORE in state.properties else None


def best_value(reports: Iterable[float], *, maximize: bool) -> float | None:
    """The best value that was logged; None for none, and for none that is a number."""
    values = [one for one in reports if math.isfinite(one)]
    return (max if maximize else min)(values, default=None)


def best_of(trials: Iterable[Trial], *, maximize: bool) -> Trial | None:
    """The best completed trial; of equal ones the first. The outputs of others can be incomplete."""
    scored = [one for one in trials if one.is_completed and one.score is not None]
    return min(scored, key=lambda one: ((one.score or 0) * (-1 if maximize else 1), one.number), default=None)
