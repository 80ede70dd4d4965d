"""Carries out a job with child jobs, and writes its states; again after a kill of the runner."""

from __future__ import annotations

from collections.abc import Callable

from infra.errors import MlWorkspaceError
from mlw.jobs.command_jobs import CommandJob, Finished, Stop
from mlw.jobs.job_records import JobRecord, JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.ports import TrackedRun, Tracking
from mlw.jobs.queue_entries import QueueEntry

RunParent = Callable[[JobRecord, QueueEntry, Stop], Finished]
"""Carries out a job with child jobs: its record, its place in the queue, a request to cancel."""


def carry_out(records: JobRecords, run: RunParent, record: JobRecord, entry: QueueEntry, stop: Stop) -> Finished:
    """Carry out a job unless it has ended, and write how it ended."""
    state = records.state(record.name)
    if not state.status.is_final:
        try:
            done = run(record, entry, stop)
        except MlWorkspaceError as exc:
            done = Finished(status=JobStatus.FAILED, error=str(exc))
        state = records.state(record.name)
        run_id = done.run_id or state.run_id
        state = state.moved(
            done.status, outputs=done.outputs, error=done.error, run_id=run_id, properties=done.properties
        )
        records.write_state(record.name, state)
    return Finished(
        status=state.status, outputs=state.outputs, run_id=state.run_id, error=state.error, properties=state.properties
    )


def begin(
    records: JobRecords, tracking: Tracking, record: JobRecord, *, parent_run: str = ""
) -> tuple[TrackedRun, JobState]:
    """Start the MLflow run of a job unless a killed runner has, and write that the job runs.

    Args:
        records: The workspace's records.
        tracking: Its tracking server.
        record: The job.
        parent_run: Id of the MLflow run that the job's own is a child of; empty for none.

    Returns:
        The run, and the job's state.
    """
    state = records.state(record.name)
    run = TrackedRun(run_id=state.run_id, experiment_id=state.experiment_id)
    if not run.run_id:
        run = tracking.start(_as_command(record, parent_run))
    state = state.moved(JobStatus.RUNNING, run_id=run.run_id, experiment_id=run.experiment_id)
    records.write_state(record.name, state)
    return run, state


def attempt(report: Callable[[str], None], job: str, action: Callable[[], None]) -> None:
    """Do what may not change the result of a job; a failure is reported."""
    try:
        action()
    except MlWorkspaceError as exc:
        report(f"{job}: {exc}")


def _as_command(record: JobRecord, parent_run: str) -> CommandJob:
    """What the MLflow run of a job with child jobs is made of."""
    return CommandJob(
        name=record.name,
        command="",
        experiment=record.experiment,
        display_name=record.display_name,
        description=record.description,
        tags=record.tags,
        properties=record.properties,
        parent=record.parent,
        parent_run=parent_run,
    )
