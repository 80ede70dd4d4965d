"""Statuses of a job, with Azure's names."""

from __future__ import annotations

from enum import StrEnum


class JobStatus(StrEnum):
    """Where a job is."""

    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    PREPARING = "Preparing"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def is_final(self) -> bool:
        """Whether it never changes again."""
        return self in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED}
