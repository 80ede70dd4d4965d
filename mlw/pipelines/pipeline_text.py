"""The steps of a pipeline job for people: the graph, with the status of each step and why it ran."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from mlw.jobs.job_records import Job, JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.pipelines.graph_text import DrawnStep, draw
from mlw.pipelines.pipeline_jobs import PipelineJob, Step
from mlw.pipelines.pipeline_runner import IS_REUSED, WHY
from mlw.tracking.tracking_text import duration

_READERS = 8


def steps_text(records: JobRecords, job: Job) -> str:
    """The graph of a pipeline job, with what is known of its steps now."""
    pipeline = PipelineJob.of(job.record.command)
    with ThreadPoolExecutor(_READERS) as pool:
        found = list(pool.map(lambda step: notes_of(records, step, is_over=job.status.is_final), pipeline.steps))
    drawn = [
        DrawnStep(name=step.name, after=_in_order(pipeline, step), notes=notes)
        for step, (_, notes) in zip(pipeline.steps, found, strict=True)
    ]
    return "\n".join(draw(drawn))


def notes_of(records: JobRecords, step: Step, *, is_over: bool) -> tuple[str, tuple[str, ...]]:
    """The job of a step, empty if it has not begun; and its status, how long it took, and why it ran.

    Args:
        records: Of the workspace.
        step: The step.
        is_over: Whether the pipeline job has ended.
    """
    known = _find(records, step)
    return (step.job.name if known else ""), _notes(known, is_over=is_over)


def _find(records: JobRecords, step: Step) -> tuple[Job, str] | None:
    if records.submitted(step.job.name) is None:
        return None
    job = records.read(step.job.name)
    return job, job.record.properties.get(WHY, "")


def _in_order(pipeline: PipelineJob, step: Step) -> list[str]:
    return [one.name for one in pipeline.steps if one.name in step.after]


def _notes(known: tuple[Job, str] | None, *, is_over: bool) -> tuple[str, ...]:
    if known is None:
        return ("not run" if is_over else str(JobStatus.NOT_STARTED),)
    job, why = known
    took = "reused" if IS_REUSED in job.record.properties else _took(job.state)
    return str(job.status), took, why


def _took(state: JobState) -> str:
    if not state.started:
        return ""
    end = datetime.fromisoformat(state.ended) if state.ended else datetime.now(UTC)
    return duration((end - datetime.fromisoformat(state.started)).total_seconds())
