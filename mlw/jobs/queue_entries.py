"""Jobs that have not ended, as names of blobs: one listing shows the queue of every compute in its order.

A name has the compute, the priority, the time of submission and the job. It stays until the job has a final status.
"""

from __future__ import annotations

from dataclasses import dataclass

QUEUE = "jobs/-queue/"
PRIORITIES = ("high", "medium", "low")
"""Azure's `queue_settings.priority`."""

NO_COMPUTE = "-"
"""Stands for the compute of a job with child jobs, which needs no node itself."""

_DIGITS = 13


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class QueueEntry:
    """One job in the queue of a compute; entries sort in the order in which they start.

    Attributes:
        rank: Index of its priority.
        submitted: Milliseconds since 1970.
    """

    rank: int
    submitted: int
    job: str
    compute: str

    @property
    def blob(self) -> str:
        """Name of the blob."""
        return f"{QUEUE}{self.compute}/{self.rank}-{self.submitted:0{_DIGITS}d}-{self.job}"

    @classmethod
    def of(cls, blob: str) -> QueueEntry | None:
        """Read the name of a blob; None for one that is no entry."""
        compute, _, rest = blob.removeprefix(QUEUE).partition("/")
        rank, _, rest = rest.partition("-")
        submitted, _, job = rest.partition("-")
        if not (rank.isdigit() and submitted.isdigit() and job):
            return None
        return cls(rank=int(rank), submitted=int(submitted), job=job, compute=compute)
