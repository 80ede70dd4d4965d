"""The page of one job: facts, the end of its log, and what its type has: steps, child runs, checks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from infra.clients.storage.blob_streams import BlobStreams
from infra.errors import MlWorkspaceError
from mlw.jobs import job_paths, stored_log
from mlw.jobs.job_documents import time_of
from mlw.jobs.job_records import PIPELINE, Job
from mlw.monitoring import monitor_documents
from mlw.studio import child_runs, monitor_section, step_drawing, tracking_section
from mlw.studio.job_section import StackJobs
from mlw.studio.map_layout import NODE_HEIGHT, NODE_WIDTH
from mlw.studio.panel import PanelRequest
from mlw.studio.stack_access import StackAccess

LOG_BYTES = 64 << 10
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
"""Colours and other codes for terminals."""


def read(request: PanelRequest, workspace: StackJobs) -> Mapping[str, Any]:
    """Read the job that the address names."""
    job = workspace.jobs.read(request.text("job"))
    start, end = time_of(job.state.started), time_of(job.state.ended)
    return {
        "job": job,
        "artifacts": workspace.artifacts,
        "tags": dict(job.value("tags")),
        "start": start,
        "seconds": ((end or request.now) - start).total_seconds() if start else None,
        "is_live": not job.status.is_final and not request.text("paused"),
        "graph": step_drawing.read(workspace.jobs, job) if job.record.type == PIPELINE else None,
        "node": {"width": NODE_WIDTH, "height": NODE_HEIGHT},
        "log": shown(log_end(workspace.logs, job)),
        "children": _children(request.access, job),
        "monitor": monitor_section.read(workspace.logs, job) if job.record.type == monitor_documents.TYPE else None,
    }


def log_end(blobs: BlobStreams, job: Job) -> bytes:
    """The end of the log as it is now."""
    name = job.record.name
    if job.status.is_final:
        size = blobs.size(job_paths.artifact(name, job_paths.LOG)) or 0
        return stored_log.read_stored(blobs, name, max(size - LOG_BYTES, 0)) or b""
    sizes = blobs.sizes(stored_log.folder_of(name))
    written = max((int(one.rpartition("/")[2]) + size for one, size in sizes), default=0)
    return b"".join(stored_log.read(blobs, name, max(written - LOG_BYTES, 0)))


def shown(log: bytes) -> str:
    """A log as text; lines that overwrite themselves, as progress bars do, as they were last."""
    lines = log.decode("utf-8", errors="replace").replace("\r\n", "\n").split("\n")
    return "\n".join(_CONTROL.sub("", line.rstrip("\r").rpartition("\r")[2]) for line in lines)


def _children(access: StackAccess, job: Job) -> Mapping[str, Any] | None:
    """Child runs of its run; None without tracking, or without rights on it."""
    if not job.state.run_id or not tracking_section.address_of(access):
        return None
    try:
        client = tracking_section.tracking_of(access)
        objective = child_runs.objective_of(job.record.document)
        return child_runs.read(client, job.state.run_id, job.state.experiment_id, objective)
    except MlWorkspaceError:
        return None
