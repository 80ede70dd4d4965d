"""Jobs as commands print them: Azure's names, and tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mlw.jobs.command_jobs import BlobLocation
from mlw.jobs.job_records import Job
from mlw.output import table
from mlw.tracking.tracking_text import cell, duration, moment


def as_json(job: Job) -> dict[str, Any]:
    """One job."""
    record, state = job.record, job.state
    return {
        "name": record.name,
        "type": record.type,
        "status": str(job.status),
        "display_name": job.value("display_name"),
        "description": job.value("description"),
        "experiment_name": record.experiment,
        "compute": record.compute.strip("-"),
        "tags": dict(job.value("tags")),
        "properties": {**record.properties, **state.properties},
        "parent_job_name": record.parent or None,
        "archived": job.is_archived,
        "creation_context": {"created_at": record.created, "created_by": record.created_by},
        "start_time": state.started or None,
        "end_time": state.ended or None,
        "exit_code": state.exit_code,
        "error": state.error or None,
        "run_id": state.run_id or None,
        "image": state.image or None,
        "outputs": {name: _place(one) for name, one in state.outputs.items()},
        "job": dict(record.document),
    }


def _place(location: BlobLocation) -> dict[str, Any]:
    return {
        "container": location.container,
        "path": location.name,
        "type": "uri_folder" if location.is_folder else "uri_file",
        "asset": location.asset or None,
    }


def job_table(jobs: Sequence[Job]) -> str:
    """Jobs as a table."""
    headings = ("NAME", "DISPLAY NAME", "TYPE", "EXPERIMENT", "COMPUTE", "STATUS", "CREATED (UTC)", "DURATION")
    rows = [
        (
            job.record.name, cell(job.value("display_name")), job.record.type, cell(job.record.experiment),
            cell(job.record.compute.strip("-")), str(job.status), moment(time_of(job.record.created)), _duration(job),
        )
        for job in jobs
    ]  # fmt: skip
    return table(headings, rows, whole=(0,))


def job_text(job: Job) -> str:
    """One job for people."""
    shown = {key: value for key, value in as_json(job).items() if isinstance(value, str | int) and key != "error"}
    rows = [(key, cell(value)) for key, value in shown.items()]
    rows += [(f"tags.{key}", cell(value)) for key, value in job.value("tags").items()]
    rows += [(f"outputs.{name}", f"{one.container}/{one.name}") for name, one in job.state.outputs.items()]
    error = f"\n\n{job.state.error}" if job.state.error else ""
    return f"{table(('KEY', 'VALUE'), rows)}{error}"


def _duration(job: Job) -> str:
    start, end = time_of(job.state.started), time_of(job.state.ended)
    return duration((end - start).total_seconds() if start and end else None)


def time_of(text: str) -> datetime | None:
    """Read a time of a record."""
    return datetime.fromisoformat(text) if text else None
