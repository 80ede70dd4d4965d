"""Jobs on attached engines: which engine a compute has, and what holds while it does not respond."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from typing_extensions import override

from infra.clients.engine import attached_engine, docker_engine
from infra.clients.engine.attached_engine import AttachedEngine
from infra.clients.engine.docker_engine import Connect
from infra.errors import EngineUnreachableError
from mlw.computes.machine import jobs_share
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.job_engine import JobEngine
from mlw.jobs.ports import ContainerPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachedJobEngine(JobEngine):
    """Jobs of one stack on one attached engine."""

    report: Callable[[str], None] = field(default=print, compare=False)

    @override
    def create(self, plan: ContainerPlan) -> None:
        """Create volume and container; a job may use the engine's machine, but not all of its memory."""
        with self.connect() as client:
            memory = jobs_share(int(client.api.info()["MemTotal"]))
        # Not super(): the decorator replaces a class with slots.
        JobEngine.create(self, replace(plan, memory_mib=plan.memory_mib or memory))

    @override
    def remove(self, job: str) -> None:
        """Remove container and volume; later, if the engine does not respond."""
        try:
            JobEngine.remove(self, job)
        except EngineUnreachableError as exc:
            self.report(f"{job}: {exc} Its container and volume are removed when the engine responds again.")


@dataclass(frozen=True, slots=True)
class AttachedJobEngines:
    """The attached engines of one stack.

    Attributes:
        own: The workspace's engine.
        attached: The engine of a compute, if it is attached.
        report: Called with messages for the runner's own log.
    """

    own: JobEngine
    attached: Callable[[str], AttachedEngine | None]
    report: Callable[[str], None]

    def engine_of(self, compute: str) -> AttachedJobEngine | None:
        """The engine of a compute, if it is attached."""
        found = self.attached(compute)
        return self._of(found) if found else None

    def connect_of(self, job: CommandJob) -> Connect:
        """Connects to the engine of a job."""
        found = self.attached(job.compute)
        return found.connect if found else docker_engine.connect

    def noted(self) -> Iterator[AttachedJobEngine]:
        """All engines that jobs may have left something on, also those that are not attached any more."""
        return (self._of(one) for one in attached_engine.noted(self.own.stack_id))

    def close(self) -> None:
        """End the tunnels."""
        for one in attached_engine.noted(self.own.stack_id):
            one.close()

    def _of(self, found: AttachedEngine) -> AttachedJobEngine:
        own = self.own
        return AttachedJobEngine(
            stack_id=own.stack_id,
            workspace=own.workspace,
            labels=own.labels,
            connect=found.connect,
            report=self.report,
        )
