"""How a sweep ends: its best trial, whose outputs are those of the sweep, and why it failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO, cast

from mlw.jobs.command_jobs import BlobLocation, CommandJob, Finished
from mlw.jobs.job_status import JobStatus
from mlw.jobs.patience import patiently
from mlw.jobs.ports import JobData
from mlw.jobs.tar_streams import ChunkReader
from mlw.sweeps.sweep_jobs import SweepJob
from mlw.sweeps.trials import SCORE, Trial, best_of

BEST, BEST_STATUS = "best_child_run_id", "best_metric_status"
"""Azure's names of facts on a sweep; its score has the same name as that of a trial."""

Publish = Callable[[Mapping[str, BlobLocation]], Mapping[str, BlobLocation]]


def outcome(job: SweepJob, trials: Sequence[Trial], stopped_because: str, publish: Publish) -> Finished:
    """What comes of a sweep whose trials have ended.

    Args:
        job: The sweep.
        trials: Its trials.
        stopped_because: Why it was canceled; empty if it was not.
        publish: Puts the outputs of the best trial where the file says.
    """
    best = best_of(trials, maximize=job.maximize)
    error = stopped_because or _why_failed(job, trials, best)
    status = JobStatus.CANCELED if stopped_because else JobStatus.FAILED if error else JobStatus.COMPLETED
    if best is None or best.finished is None:
        return Finished(status=status, error=error)
    outputs = publish(best.finished.outputs)
    properties = {BEST: best.job.name, SCORE: repr(best.score), BEST_STATUS: "Succeeded"}
    return Finished(status=status, error=error, outputs=outputs, properties=properties)


def _why_failed(job: SweepJob, trials: Sequence[Trial], best: Trial | None) -> str:
    if best:
        return ""
    if any(one.is_completed for one in trials):
        return (
            f"no trial logged the metric '{job.metric}', which objective.primary_metric names. Log it with "
            f"mlflow.log_metric('{job.metric}', ...); the sweep's log has the metrics of each trial."
        )
    reasons = list(dict.fromkeys(_reasons(trials)))
    return "\n".join((f"none of {len(trials)} trials completed:", *reasons[:3]))


def _reasons(trials: Sequence[Trial]) -> Iterator[str]:
    for one in trials:
        if one.finished and one.finished.error:
            yield one.finished.error


def published(job: SweepJob, found: Mapping[str, BlobLocation], data: JobData, run: str) -> dict[str, BlobLocation]:
    """The outputs of the best trial, copied and registered as the file says.

    Args:
        job: The sweep.
        found: The outputs.
        data: The storage account, with the rights of the compute.
        run: Id of the sweep's MLflow run.
    """
    whole = CommandJob(name=job.trial.name, command="", outputs=job.outputs)
    outputs = {}
    for name, wanted in job.outputs.items():
        if name not in found:
            continue
        place = found[name]
        if wanted.location:
            _copy(data, place, wanted.location)
            place = wanted.location
        outputs[name] = data.register_output(wanted.asset, place, whole, run) if wanted.asset else place
    return outputs


def _copy(data: JobData, source: BlobLocation, target: BlobLocation) -> None:
    def copy() -> None:
        for one in data.data(source):
            data.put_output(target, one.name, one.size, cast("BinaryIO", ChunkReader(one.content)))

    patiently(copy)
