"""The graph of a pipeline job as a picture: steps in columns, each with its status, and what was reused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mlw.jobs.job_records import Job, JobRecords
from mlw.jobs.job_status import JobStatus
from mlw.pipelines.pipeline_jobs import PipelineJob, Step
from mlw.pipelines.pipeline_text import notes_of
from mlw.studio.map_layout import Map, lay_out

_READERS = 8
_BAD = {str(JobStatus.FAILED), str(JobStatus.CANCELED)}
_OUTSIDE = {"not run", str(JobStatus.NOT_STARTED), str(JobStatus.QUEUED)}


def read(records: JobRecords, job: Job) -> Map:
    """Read the steps of a pipeline job, and lay them out."""
    pipeline = PipelineJob.of(job.record.command)
    with ThreadPoolExecutor(_READERS) as pool:
        rows = list(pool.map(lambda step: _row(records, step, is_over=job.status.is_final), pipeline.steps))
    edges = [
        {"source": source, "target": step.name, "type": "step"}
        for step in pipeline.steps
        for source in sorted(step.after)
    ]
    return lay_out(rows, edges)


def _row(records: JobRecords, step: Step, *, is_over: bool) -> dict[str, Any]:
    job, (status, *rest) = notes_of(records, step, is_over=is_over)
    took, why = (*rest, "", "")[:2]
    return {
        "cloud_RoleName": step.name, "job": job, "status": status, "took": took, "why": why,
        "bad": status in _BAD, "waits": status in _OUTSIDE,
    }  # fmt: skip
