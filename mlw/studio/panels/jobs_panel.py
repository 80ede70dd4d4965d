"""Jobs: the last submitted ones, and the page of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.jobs.job_documents import time_of
from mlw.jobs.job_records import Job
from mlw.jobs.job_status import JobStatus
from mlw.studio import job_page
from mlw.studio.job_section import StackJobs, with_jobs
from mlw.studio.panel import Group, Panel, PanelRequest

MAXIMUM = 50
BAD = (JobStatus.FAILED, JobStatus.CANCELED)


def load(request: PanelRequest, workspace: StackJobs) -> Mapping[str, Any]:
    """List the jobs, or read the one that the address names."""
    if request.text("job"):
        return {"page": job_page.read(request, workspace), "bad": BAD}
    view = request.text("view")
    archived = {"archived": True, "all": None}.get(view, False)
    found = workspace.jobs.last(limit=MAXIMUM + 1, parent="", archived=archived)
    return {
        "page": None,
        "bad": BAD,
        "view": view,
        "jobs": [_row(request, one) for one in found[:MAXIMUM]],
        "has_more": len(found) > MAXIMUM,
        "is_live": any(not one.status.is_final for one in found[:MAXIMUM]) and not request.text("paused"),
    }


def _row(request: PanelRequest, job: Job) -> dict[str, Any]:
    start, end = time_of(job.state.started), time_of(job.state.ended)
    return {
        "name": job.record.name,
        "title": job.value("display_name") or job.record.name,
        "type": job.record.type,
        "status": job.status,
        "experiment": job.record.experiment,
        "compute": job.record.compute.strip("-"),
        "created": time_of(job.record.created),
        "user": job.record.created_by,
        "seconds": ((end or request.now) - start).total_seconds() if start else None,
    }


PANEL = Panel(
    key="jobs",
    title="Jobs",
    about="Command jobs, pipelines and others, the last submitted first.",
    group=Group.JOBS,
    icon="box",
    template="jobs.html",
    load=with_jobs(load),
)
