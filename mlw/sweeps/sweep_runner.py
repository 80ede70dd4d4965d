"""Carries out a sweep job: its trials are jobs of their own, each with a record that has its parameters.

Called again after the runner was killed, it continues: it reads the trials from their records, and a trial that has
ended is not started again (docs/adr).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from infra.errors import MlWorkspaceError
from mlw.jobs.command_jobs import BlobLocation, CommandJob, Finished, Runner, Stop
from mlw.jobs.dispatcher import CANCELED
from mlw.jobs.job_records import JobRecord, JobRecords
from mlw.jobs.job_status import JobStatus
from mlw.jobs.parent_jobs import attempt, begin
from mlw.jobs.patience import patiently
from mlw.jobs.ports import JobData, LogSink, Store, TrackedRun, Tracking
from mlw.jobs.queue_entries import QueueEntry
from mlw.sweeps import trials as trial_records
from mlw.sweeps.sampling import Sampling
from mlw.sweeps.search_points import flat
from mlw.sweeps.sweep_jobs import SweepJob
from mlw.sweeps.sweep_outcome import BEST, outcome, published
from mlw.sweeps.trial_metrics import TrialMetrics
from mlw.sweeps.trials import SCORE, Trial

TICK_SECONDS = 0.5
LOOK_SECONDS = 1.0
"""How often the metric of a running trial is read, if a policy needs it, and requests to cancel trials."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepRunner:
    """Carries out the sweep jobs of one workspace.

    Attributes:
        trial_runner: Carries out the trials of the sweep job with a place in the queue.
        data_of: The storage account, with the rights of a job.
        nodes_of: How many nodes a compute has.
        report: Called with what went wrong without changing the result.
    """

    records: JobRecords
    store: Store
    tracking: Tracking
    metrics: TrialMetrics
    trial_runner: Callable[[QueueEntry], Runner]
    data_of: Callable[[CommandJob], JobData]
    nodes_of: Callable[[str], int]
    report: Callable[[str], None] = print

    def run(self, record: JobRecord, entry: QueueEntry, stop: Stop) -> Finished:
        """Carry out one sweep job, from wherever it is."""
        job = SweepJob.of(record.command)
        run, state = begin(self.records, self.tracking, record, parent_run=job.trial.parent_run)
        log = self.store.log(record.name)
        try:
            sampling = Sampling(
                space=job.space, algorithm=job.algorithm, seed=job.seed, maximize=job.maximize, report=log.note
            )
            ends = datetime.fromisoformat(state.started).timestamp() + job.timeout_seconds
            with closing(sampling):
                done = _SweepRun(
                    self, record, job, self.trial_runner(entry), stop, log, run, sampling,
                    ends=ends if job.timeout_seconds else 0,
                ).carry_out()  # fmt: skip
            for line in done.error.splitlines():
                log.note(line)
        finally:
            attempt(self.report, record.name, log.close)
        attempt(self.report, record.name, lambda: self._end(run, done))
        return done

    def _end(self, run: TrackedRun, done: Finished) -> None:
        if BEST in done.properties:
            best_run = self.records.state(done.properties[BEST]).run_id
            self.metrics.tag(run.run_id, {BEST: best_run, SCORE: done.properties[SCORE]})
        self.tracking.end(run, done.status, done.outputs)


@dataclass
class _SweepRun:
    """One sweep job on its way."""

    runner: SweepRunner
    record: JobRecord
    job: SweepJob
    trials_runner: Runner
    stop: Stop
    log: LogSink
    run: TrackedRun
    sampling: Sampling
    ends: float
    trials: list[Trial] = field(default_factory=list)
    running: dict[Future[Finished], Trial] = field(default_factory=dict)
    is_exhausted: bool = False
    look_at: float = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def carry_out(self) -> Finished:
        """Run all trials."""
        with ThreadPoolExecutor(self.job.most_at_once, thread_name_prefix=self.record.name) as pool:
            try:
                self._continue(pool)
                while self._start_trials(pool) or self.running:
                    self._follow()
            except BaseException:
                for trial in self.running.values():
                    trial.stop.set("the sweep has failed")
                raise
        return outcome(self.job, self.trials, self._why_stopped(), self._publish)

    def _publish(self, found: Mapping[str, BlobLocation]) -> Mapping[str, BlobLocation]:
        return published(self.job, found, self.runner.data_of(self.job.trial), self.run.run_id)

    def _width(self) -> int:
        """How many trials run at the same time: no more than the compute has nodes, so that none is chosen early."""
        return max(min(self.job.most_at_once, self.runner.nodes_of(self.job.trial.compute)), 1)

    def _continue(self, pool: ThreadPoolExecutor) -> None:
        """What an earlier runner has begun."""
        for trial, _ in trial_records.read_trials(self.runner.records, self.record.name):
            self.trials.append(trial)
            if trial.finished is None:
                self.running[pool.submit(self._carry_out, trial)] = trial
            elif trial.score is None:
                self._score(trial, trial.finished)
        if self.trials:
            self._note(f"continues with {len(self.trials)} trials, {len(self.running)} of them not ended")

    def _start_trials(self, pool: ThreadPoolExecutor) -> bool:
        """Start trials up to the limits; whether any has started."""
        before = len(self.trials)
        while (
            len(self.running) < self._width()
            and len(self.trials) < self.job.most_trials
            and not self.is_exhausted
            and not self._why_stopped()
        ):
            trial = self._next()
            if trial is None:
                self.is_exhausted = True
            else:
                self.running[pool.submit(self._carry_out, trial)] = trial
        return len(self.trials) > before

    def _next(self) -> Trial | None:
        number = len(self.trials)
        point = self.sampling.point(number, [one.past for one in self.trials])
        if point is None:
            return None
        trial = Trial(number=number, job=self.job.job_of(number, point, parent_run=self.run.run_id), point=point)
        record = trial_records.record_of(trial, self.record)
        patiently(lambda: self.runner.records.submit(record, is_queued=False))
        self.trials.append(trial)
        self._note(f"trial {number} (job '{trial.job.name}'): {_shown(trial)}")
        return trial

    def _carry_out(self, trial: Trial) -> Finished:
        """Run one trial; in a thread of its own."""
        records, name = self.runner.records, trial.job.name
        try:
            done = patiently(lambda: self.trials_runner.run(trial.job, trial.stop))
            if not records.state(name).status.is_final:  # canceled while it waited for a node
                records.write_state(name, records.state(name).moved(done.status, error=done.error))
        except MlWorkspaceError as exc:
            done = Finished(status=JobStatus.FAILED, error=str(exc))
        self._score(trial, done)
        if trial.stop.reason == CANCELED:
            patiently(lambda: records.forget_cancel(name))
        return done

    def _follow(self) -> None:
        """Wait for a moment, and see what has ended and what has to."""
        ended, _ = wait(self.running, timeout=TICK_SECONDS, return_when=FIRST_COMPLETED)
        for future in ended:
            trial = self.running.pop(future)
            trial.finished = future.result()
        reason, canceled = self._why_stopped(), self._canceled()
        for trial in self.running.values():
            request = CANCELED if trial.job.name in canceled else ""
            if why := reason or request or self._why_terminated(trial):
                trial.stop.set(why)

    def _canceled(self) -> set[str]:
        """Trials that somebody wants to cancel, but not the sweep."""
        now = time.monotonic()
        if now < self.look_at:
            return set()
        self.look_at = now + LOOK_SECONDS
        try:
            return self.runner.records.cancels()
        except MlWorkspaceError:
            return set()  # the storage account does not respond: looked at again

    def _why_stopped(self) -> str:
        if self.stop.reason:
            return self.stop.reason
        if self.ends and datetime.now(UTC).timestamp() >= self.ends:
            return f"the sweep reached its limits.timeout of {self.job.timeout_seconds} s"
        return ""

    def _why_terminated(self, trial: Trial) -> str:
        policy, now = self.job.policy, time.monotonic()
        if not policy.type or trial.stop.reason or now < trial.look_at:
            return ""
        trial.look_at = now + LOOK_SECONDS
        try:
            state = self.runner.records.state(trial.job.name)
            trial.reports = self.runner.metrics.reports(state.run_id, self.job.metric) if state.run_id else ()
        except MlWorkspaceError:
            return ""  # the service does not respond: looked at again
        interval = policy.due(len(trial.reports))
        others = [one.reports for one in self.trials if one is not trial]
        # Until another trial has come as far, there is nothing to compare with: looked at again.
        if interval <= trial.checked or not any(len(one) >= interval for one in others):
            return ""
        trial.checked = interval
        return policy.verdict(trial.reports, others, maximize=self.job.maximize)

    def _score(self, trial: Trial, done: Finished) -> None:
        """Read the score of a trial that has ended, and write it into its state."""
        records, metrics, name = self.runner.records, self.runner.metrics, trial.job.name
        state = records.state(name)
        if state.run_id:
            trial.reports = patiently(lambda: metrics.reports(state.run_id, self.job.metric))
            values = {key: str(value) for key, value in flat(trial.point.parameters).items()}
            patiently(lambda: metrics.add_parameters(state.run_id, values))
        trial.score = trial_records.best_value(trial.reports, maximize=self.job.maximize)
        if trial.score is not None:
            scored = replace(state, properties={**state.properties, SCORE: repr(trial.score)})
            patiently(lambda: records.write_state(name, scored))
        found = f"{self.job.metric} {trial.score:.6g}" if trial.score is not None else self._without_score(state.run_id)
        error = done.error.partition("\n")[0]
        self._note(f"trial {trial.number}: {done.status}, {found}{f': {error}' if error else ''}")

    def _note(self, text: str) -> None:
        with self._lock:
            self.log.note(text)

    def _without_score(self, run_id: str) -> str:
        names = self.runner.metrics.names(run_id) if run_id else ()
        return f"no '{self.job.metric}' logged; metrics: {', '.join(names) or 'none'}"


def _shown(trial: Trial) -> str:
    return ", ".join(f"{name}={value}" for name, value in flat(trial.point.parameters).items())
