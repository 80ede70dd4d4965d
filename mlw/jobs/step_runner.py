"""Carries out the child jobs of a job, e.g. steps of a pipeline: each waits for a node of its compute first."""

from __future__ import annotations

from dataclasses import dataclass

from mlw.jobs.command_jobs import CommandJob, Finished, Runner, Stop
from mlw.jobs.job_status import JobStatus
from mlw.jobs.nodes import Nodes
from mlw.jobs.queue_entries import QueueEntry


@dataclass(frozen=True, kw_only=True, slots=True)
class StepRunner:
    """Child jobs of one job.

    Attributes:
        runner: Carries out the command jobs.
        parent: Place of that job in the queue; its child jobs have the same priority and time.
    """

    runner: Runner
    nodes: Nodes
    parent: QueueEntry

    def run(self, job: CommandJob, stop: Stop) -> Finished:
        """Carry out one of them; see :class:`mlw.jobs.command_jobs.Runner`."""
        place = QueueEntry(rank=self.parent.rank, submitted=self.parent.submitted, job=job.name, compute=job.compute)
        with self.nodes.held(place, stop) as held:
            if not held:
                return Finished(status=JobStatus.CANCELED, error=stop.reason)
            return self.runner.run(job, stop)
