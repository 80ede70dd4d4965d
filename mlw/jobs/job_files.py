"""Files of a job, from the storage account to a folder."""

from __future__ import annotations

from pathlib import Path

from infra.clients.storage.blob_streams import BlobStreams
from infra.host.near_names import suggestion
from mlw.jobs import job_paths
from mlw.jobs.job_errors import JobError
from mlw.jobs.job_records import Job
from mlw.jobs.job_workspace import JobWorkspace
from mlw.tracking.placed_files import target_of, writing


def artifacts(workspace: JobWorkspace, job: str, folder: Path, *, overwrites: bool) -> int:
    """Download log and default artifacts; returns how many files."""
    return _below(workspace, workspace.artifacts, job_paths.artifact(job, ""), folder, overwrites=overwrites)


def output(workspace: JobWorkspace, job: Job, name: str, folder: Path, *, overwrites: bool) -> int:
    """Download an output; returns how many files.

    Raises:
        JobError: The job has no such output, or has not stored it yet.
    """
    stored, doing = job.state.outputs, f"downloading output '{name}' of job '{job.record.name}'"
    if name not in stored:
        raise JobError(
            f"{doing}: there is none.{suggestion(name, stored)} Stored outputs: {', '.join(sorted(stored)) or 'none'}; "
            f"the job is {job.status}."
        )
    location = stored[name]
    if location.is_folder:
        return _below(workspace, location.container, f"{location.name}/", folder, overwrites=overwrites)
    file = location.name.rpartition("/")[2]
    _fetch(BlobStreams(workspace.connection, location.container), location.name, folder, file, overwrites=overwrites)
    return 1


def _below(workspace: JobWorkspace, container: str, prefix: str, folder: Path, *, overwrites: bool) -> int:
    blobs = BlobStreams(workspace.connection, container)
    names = blobs.names(prefix)
    for name in names:
        _fetch(blobs, name, folder, name.removeprefix(prefix), overwrites=overwrites)
    return len(names)


def _fetch(blobs: BlobStreams, blob: str, folder: Path, name: str, *, overwrites: bool) -> None:
    target = target_of(folder, name, f"downloading '{name}'", overwrites=overwrites)
    with writing(target) as file:
        for piece in blobs.pieces(blob) or ():
            file.write(piece)
