"""Starts the jobs of a workspace in their order, each in a thread of its own while it runs.

A job that waits costs a line of a listing, not a thread. The queue is in the storage account, so nothing is lost with
this process; what a killed one left on the engine is continued or removed first.
"""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from infra.errors import MlWorkspaceError
from mlw.jobs import parent_jobs
from mlw.jobs.command_jobs import CommandJob, Runner
from mlw.jobs.job_records import JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.nodes import Nodes
from mlw.jobs.parent_jobs import RunParent
from mlw.jobs.patience import patiently
from mlw.jobs.ports import Engine
from mlw.jobs.queue_entries import NO_COMPUTE, QueueEntry

TICK_SECONDS, EARLY_TICK_SECONDS, EARLY_SECONDS = 0.25, 0.1, 5.0
"""How often the queue is looked at: a runner starts because a job is about to be submitted."""

INTERRUPTED_SECONDS = 60.0
CANCELED = "canceled by a request"
SHUTDOWN = "canceled because the workspace was taken down"


class JobStop:
    """A request to cancel one job; see :class:`mlw.jobs.command_jobs.Stop`."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason = ""

    @property
    def reason(self) -> str:
        """Why; empty while there is no request."""
        return self._reason

    def wait(self, seconds: float) -> bool:
        """Wait for a request."""
        return self._event.wait(seconds)

    def set(self, reason: str) -> None:
        """Cancel; the first reason counts."""
        self._reason = self._reason or reason
        self._event.set()


@dataclass
class _Running:
    """A job with its thread."""

    entry: QueueEntry
    thread: threading.Thread
    stop: JobStop = field(default_factory=JobStop)


@dataclass
class Dispatcher:
    """The queue of one workspace.

    Attributes:
        runner: Carries out command jobs.
        parents: Type of a job with child jobs, e.g. a pipeline, to what carries it out.
        most_parents: How many of them run at the same time.
        report: Called with messages for the runner's own log.
        yields: Whether jobs of a compute wait while a job of another one waits for a node.
        attached: The other engines that jobs may have left something on.
        at_end: Called when there is no more work.
    """

    records: JobRecords
    engine: Engine
    runner: Runner
    nodes: Nodes
    parents: Mapping[str, RunParent]
    report: Callable[[str], None] = print
    most_parents: int = 8
    yields: Callable[[str], bool] = lambda _compute: False
    attached: Callable[[], Iterable[Engine]] = tuple
    at_end: Callable[[], None] = lambda: None
    _running: dict[str, _Running] = field(default_factory=dict)
    _shutdown: threading.Event = field(default_factory=threading.Event)

    def reconcile(self) -> None:
        """Remove what killed jobs left on the engines; the queue's own jobs continue where they are.

        An attached engine that does not respond delays nothing: the next runner looks there again.
        """
        for engine in self.attached():
            threading.Thread(target=self._reconcile_attached, args=(engine,), name="reconciling", daemon=True).start()
        self._remove_ended(self.engine, patiently(self.engine.jobs))

    def _reconcile_attached(self, engine: Engine) -> None:
        try:
            self._remove_ended(engine, engine.jobs())
        except MlWorkspaceError as exc:
            self.report(f"looking for what jobs have left: {exc}")

    def _remove_ended(self, engine: Engine, found: Mapping[str, str]) -> None:
        # Read after the containers: a job that was submitted in between is alive.
        alive = {entry.job for entry in self.records.queue()} if found else set()
        for job, root in found.items():
            # A child job whose result is stored is not carried out again by its parent.
            if root not in alive or self.records.state(job).status.is_final:
                self.report(f"removing the container of job '{job}', which has ended")
                engine.remove(job)

    def shut_down(self) -> None:
        """Cancel the jobs that run, and start no others; for a signal handler."""
        self._shutdown.set()

    def drain(self, *, idle_seconds: float) -> None:
        """Carry out jobs until there have been none for a while."""
        begun = idle_since = time.monotonic()
        while not self._shutdown.is_set():
            is_busy = self._tick()
            now = time.monotonic()
            idle_since = now if is_busy else idle_since
            if now - idle_since >= idle_seconds:
                return
            self._shutdown.wait(EARLY_TICK_SECONDS if now - begun < EARLY_SECONDS else TICK_SECONDS)
        self._end_all()

    @property
    def is_shut_down(self) -> bool:
        """Whether the workspace is being taken down."""
        return self._shutdown.is_set()

    def _tick(self) -> bool:
        """One look at the queue; whether there is anything to do."""
        for name in [name for name, one in self._running.items() if not one.thread.is_alive()]:
            del self._running[name]
        try:
            queue = self.records.queue()
            cancels = self.records.cancels() if queue else set()
            for name in cancels & self._running.keys():
                self._running[name].stop.set(CANCELED)
            self._start_jobs(queue, cancels)
        except MlWorkspaceError as exc:
            # A service or the engine does not respond: the jobs wait.
            self.report(str(exc))
            self._shutdown.wait(1.0)
            # A runner ends with its workspace; the next command on jobs starts another one.
            return bool(self._running)
        return bool(queue or self._running)

    def _start_jobs(self, queue: list[QueueEntry], cancels: set[str]) -> None:
        full: set[str] = set()
        for entry in sorted(queue, key=lambda one: self.yields(one.compute)):
            if entry.job in self._running:
                continue
            if entry.job in cancels:
                self._start(entry, takes_node=False, canceled=True)
            elif entry.compute == NO_COMPUTE:
                if sum(one.entry.compute == NO_COMPUTE for one in self._running.values()) < self.most_parents:
                    self._start(entry, takes_node=False)
            elif entry.compute not in full and not (full and self.yields(entry.compute)):
                if self.nodes.try_take(entry):
                    self._start(entry, takes_node=True)
                else:
                    full.add(entry.compute)

    def _start(self, entry: QueueEntry, *, takes_node: bool, canceled: bool = False) -> None:
        stop = JobStop()
        if canceled:
            stop.set(CANCELED)
        thread = threading.Thread(
            target=self._carry_out, args=(entry, stop), kwargs={"takes_node": takes_node}, name=entry.job, daemon=True
        )
        self._running[entry.job] = _Running(entry, thread, stop)
        thread.start()

    def _carry_out(self, entry: QueueEntry, stop: JobStop, *, takes_node: bool) -> None:
        try:
            record = self.records.submitted(entry.job)
            if record is None:
                # Being submitted, or the submission was interrupted before its last step.
                if time.time() - entry.submitted / 1000 > INTERRUPTED_SECONDS:
                    self.records.leave_queue(entry)
            elif record.type in self.parents:
                parent_jobs.carry_out(self.records, self.parents[record.type], record, entry, stop)
                self.records.leave_queue(entry)
            else:
                self.runner.run(CommandJob.of(record.command), stop)
                self.records.leave_queue(entry)
        except MlWorkspaceError as exc:
            # The storage account does not respond: the job stays in the queue.
            self.report(f"{entry.job}: {exc}")
            stop.wait(1.0)
        except Exception as exc:
            self.report(traceback.format_exc())
            self._give_up(entry, f"running the job: {type(exc).__name__}: {exc}")
        finally:
            if takes_node:
                self.nodes.give_back(entry.compute)

    def _give_up(self, entry: QueueEntry, error: str) -> None:
        with contextlib.suppress(MlWorkspaceError):
            # A result that is stored is the truth, whatever failed after it.
            if not self.records.state(entry.job).status.is_final:
                self.records.write_state(entry.job, JobState().moved(JobStatus.FAILED, error=error))
            self.records.leave_queue(entry)

    def _end_all(self) -> None:
        for one in self._running.values():
            one.stop.set(SHUTDOWN)
        for one in self._running.values():
            one.thread.join()
