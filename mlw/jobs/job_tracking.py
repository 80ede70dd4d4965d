"""MLflow runs of jobs: the runner's port `Tracking`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from mlw.assets.asset_references import SCHEME
from mlw.data import lineage
from mlw.jobs.command_jobs import BlobLocation, CommandJob
from mlw.jobs.job_status import JobStatus
from mlw.jobs.ports import TrackedRun
from mlw.tracking import stored_snapshots
from mlw.tracking.tracking_client import TrackingClient, TrackingNotFoundError, TrackingRequestError
from mlw.tracking.tracking_records import PARENT

JOB_TAG = "mlw.job"
"""Tag of a run with the name of its job."""

_STATUSES = {JobStatus.COMPLETED: "FINISHED", JobStatus.FAILED: "FAILED", JobStatus.CANCELED: "KILLED"}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobTracking:
    """Runs of one workspace, made with the login of its stack.

    Attributes:
        client: The tracking server.
        user: Who submitted, if the record does not say.
    """

    client: TrackingClient
    user: str = ""

    def start(self, job: CommandJob) -> TrackedRun:
        """Make the run of a job, in its experiment, which is made if it does not exist."""
        experiment = self._experiment(job.experiment)
        tags = {
            "mlflow.source.type": "JOB", "mlflow.source.name": job.command, JOB_TAG: job.name,
            **({PARENT: job.parent_run} if job.parent_run else {}),
            **({stored_snapshots.TAG: job.code} if job.code else {}),
            **({"mlflow.note.content": job.description} if job.description else {}),
            **lineage.tags(_assets({name: one.location for name, one in job.inputs.items()}), {}),
            **job.properties, **job.tags,
        }  # fmt: skip
        body = {
            "experiment_id": experiment,
            "run_name": job.display_name or job.name,
            "start_time": _now(),
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        }
        made = self.client.send("runs/create", f"making the run of job '{job.name}'", body)
        return TrackedRun(run_id=str(made["run"]["info"]["run_id"]), experiment_id=experiment)

    def end(self, run: TrackedRun, status: JobStatus, outputs: Mapping[str, BlobLocation] | None = None) -> None:
        """Set the final status, and tags with the data assets that the outputs became."""
        if tags := lineage.tags({}, _assets(outputs or {})):
            tagged = {"run_id": run.run_id, "tags": [{"key": key, "value": value} for key, value in tags.items()]}
            self.client.send("runs/log-batch", f"tagging run '{run.run_id}'", tagged)
        body = {"run_id": run.run_id, "status": _STATUSES[status], "end_time": _now()}
        self.client.send("runs/update", f"ending run '{run.run_id}'", body)

    def _experiment(self, name: str) -> str:
        doing = f"looking for experiment '{name}'"
        try:
            found = self.client.get("experiments/get-by-name", doing, experiment_name=name)["experiment"]
            return str(found["experiment_id"])
        except TrackingNotFoundError:
            pass
        try:
            made = self.client.send("experiments/create", f"making experiment '{name}'", {"name": name})
            return str(made["experiment_id"])
        except TrackingRequestError:
            # Another job has just made it.
            found = self.client.get("experiments/get-by-name", doing, experiment_name=name)["experiment"]
            return str(found["experiment_id"])


class NoTracking:
    """For a workspace without a tracking server."""

    def start(self, _job: CommandJob) -> TrackedRun:
        """Make nothing."""
        return TrackedRun()

    def end(self, _run: TrackedRun, _status: JobStatus, _outputs: Mapping[str, BlobLocation] | None = None) -> None:
        """End nothing."""


def _assets(locations: Mapping[str, BlobLocation | None]) -> dict[str, str]:
    """References of those that are data assets."""
    return {name: f"{SCHEME}{one.asset}" for name, one in locations.items() if one and one.asset}


def _now() -> int:
    return int(time.time() * 1000)
