"""Jobs of a compute that have not ended: a compute is not deleted under them."""

from __future__ import annotations

from infra.errors import MlWorkspaceError, UnknownStackError
from mlw.jobs.job_workspace import JobWorkspace
from mlw.stacks.stacks import open_stack
from mlw.tracking.storage_rights import storage_connection

_SHOWN = 5


class ComputeInUseError(MlWorkspaceError):
    """A compute has jobs that wait or run."""


def refuse_busy(stack: str, name: str) -> None:
    """Reject the deletion of a compute whose jobs have not ended.

    Raises:
        ComputeInUseError: The message names the jobs.
    """
    try:
        opened = open_stack(stack)
    except UnknownStackError:  # a stack file that has not been applied yet
        return
    if not opened.is_complete:
        return
    workspace = JobWorkspace(stack=opened, connection=storage_connection(opened, None))
    jobs = [entry.job for entry in workspace.records.queue() if entry.compute.lower() == name.lower()]
    if jobs:
        more = f" and {len(jobs) - _SHOWN} more" if len(jobs) > _SHOWN else ""
        raise ComputeInUseError(
            f"deleting compute '{name}': not all of its jobs have ended: {', '.join(jobs[:_SHOWN])}{more}. "
            f"Wait for them, or cancel them: `mlw job cancel {stack} {jobs[0]}`."
        )
