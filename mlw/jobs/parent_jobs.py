"""Carries out a job with child jobs, and writes its states; again after a kill of the runner."""

from __future__ import annotations

from collections.abc import Callable

from infra.errors import MlWorkspaceError
from mlw.jobs.command_jobs import Finished, Stop
from mlw.jobs.job_records import JobRecord, JobRecords
from mlw.jobs.job_status import JobStatus
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
