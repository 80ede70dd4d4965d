"""Carries out a pipeline job: its steps are jobs of their own, which are reused if nothing has changed.

Called again after the runner was killed, it continues: the record of a step's job has the decision on it, and a job
that has ended is not started again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from infra.errors import MlWorkspaceError
from mlw.jobs import job_paths, parent_jobs
from mlw.jobs.command_jobs import BlobLocation, CommandJob, Finished, JobInput, Runner, Stop
from mlw.jobs.job_records import REUSED_JOB, JobRecord, JobRecords
from mlw.jobs.job_status import JobStatus
from mlw.jobs.parent_jobs import RunParent
from mlw.jobs.patience import patiently
from mlw.jobs.ports import Environments, LogSink, TrackedRun, Tracking
from mlw.jobs.queue_entries import QueueEntry
from mlw.pipelines.graph import ARTIFACTS
from mlw.pipelines.pipeline_jobs import PipelineJob, Step, StepInput
from mlw.pipelines.reuse_index import ReuseIndex, StepResult
from mlw.pipelines.scheduling import run_steps
from mlw.pipelines.step_content import key_of
from mlw.pipelines.step_decisions import Decision, Decisions
from mlw.sweeps.sweep_jobs import SweepJob

STEP, WHY, IS_REUSED = "azureml.moduleName", "mlw.why", "azureml.isreused"
"""Properties of the record of a step's job; Azure's names where it has them."""


class PipelineLogs(Protocol):
    """Where logs go; :class:`mlw.jobs.ports.Store` has this."""

    def log(self, job: str, /) -> LogSink:
        """Begin the log of a job."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineRunner:
    """Carries out the pipeline jobs of one workspace.

    Attributes:
        artifacts: Container of the artifact store.
        step_runner: Carries out steps of the pipeline job with a place in the queue.
        sweeps: Carries out steps that are sweeps.
        digest: Hash of the content at a location.
        report: Called with what went wrong without changing the result.
    """

    records: JobRecords
    logs: PipelineLogs
    tracking: Tracking
    environments: Environments
    index: ReuseIndex
    artifacts: str
    digest: Callable[[BlobLocation], str]
    step_runner: Callable[[QueueEntry], Runner]
    sweeps: RunParent
    report: Callable[[str], None] = print

    def run(self, record: JobRecord, entry: QueueEntry, stop: Stop) -> Finished:
        """Carry out one pipeline job, from wherever it is."""
        run, _ = parent_jobs.begin(self.records, self.tracking, record)
        log = self.logs.log(record.name)
        try:
            done = _PipelineRun(self, record, entry, self.step_runner(entry), stop, log, run).carry_out()
            if done.error:
                log.note(done.error)
        finally:
            parent_jobs.attempt(self.report, record.name, log.close)
        if run.run_id:
            parent_jobs.attempt(self.report, record.name, lambda: self.tracking.end(run, done.status))
        return done


@dataclass
class _PipelineRun:
    """One pipeline job on its way."""

    runner: PipelineRunner
    record: JobRecord
    entry: QueueEntry
    steps: Runner
    stop: Stop
    log: LogSink
    run: TrackedRun
    outputs: dict[str, Mapping[str, BlobLocation]] = field(default_factory=dict)
    producers: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.job = PipelineJob.of(self.record.command)
        self.by_name = {step.name: step for step in self.job.steps}
        self.decisions = Decisions(
            index=self.runner.index,
            digest=self.runner.digest,
            image_of=lambda job: self.runner.environments.image_of(job, self.log),
            is_forced=self.job.force_rerun,
        )

    def carry_out(self) -> Finished:
        """Run all steps that can run."""
        left = run_steps(
            {name: step.after for name, step in self.by_name.items()},
            self._run_step,
            continue_on_failure=self.job.continue_on_step_failure,
            is_canceled=lambda: bool(self.stop.reason),
        )
        outputs = {
            name: self.outputs[one.step][one.output]
            for name, one in self.job.outputs.items()
            if one.output in self.outputs.get(one.step, {})
        }
        if self.stop.reason:
            status, error = JobStatus.CANCELED, self.stop.reason
        else:
            status, error = (JobStatus.FAILED if self.errors else JobStatus.COMPLETED), self._explained(left)
        return Finished(status=status, outputs=outputs, run_id=self.run.run_id, error=error)

    def _explained(self, left: list[str]) -> str:
        lines = [f"step '{name}': {error}" for name, error in self.errors.items()]
        if left and lines:
            lines.append(f"not run: {', '.join(left)}")
        return "\n".join(lines)

    def _run_step(self, name: str) -> bool:
        step = self.by_name[name]
        try:
            # It can be repeated: what was done is in the record of the step's job.
            done = patiently(lambda: self._carry_out(step))
        except MlWorkspaceError as exc:
            done = Finished(status=JobStatus.FAILED, error=str(exc))
        with self._lock:
            if done.status is JobStatus.COMPLETED:
                self.outputs[name] = done.outputs
            else:
                self.errors[name] = done.error or str(done.status)
            self._note(f"step '{name}': {done.status}")
        return done.status is JobStatus.COMPLETED

    def _carry_out(self, step: Step) -> Finished:
        records, job = self.runner.records, self._with_inputs(step)
        known = records.submitted(job.name)
        decision = self.decisions.decide(step, job) if known is None else self._decided(step, job, known)
        if known is None:
            records.submit(self._record(step, job, decision), is_queued=False)
        with self._lock:
            self._note(f"step '{step.name}' (job '{job.name}'): {decision.why}")
        self.producers[step.name] = decision.reused.job if decision.reused else job.name
        if decision.reused:
            return self._reuse(job, decision.reused)
        done = self._run_job(step, job)
        if done.status is JobStatus.COMPLETED:
            done = replace(done, outputs=self.decisions.with_digests(done.outputs))
            self.decisions.completed(step, job, decision.content, done.outputs)
        elif not records.state(job.name).status.is_final:  # canceled while it waited for a node
            records.write_state(job.name, records.state(job.name).moved(done.status, error=done.error))
        return done

    def _run_job(self, step: Step, job: CommandJob) -> Finished:
        records = self.runner.records
        record = records.submitted(job.name) if step.sweep else None
        if record is None:
            return self.steps.run(job, self.stop)
        return parent_jobs.carry_out(records, self.runner.sweeps, record, self.entry, self.stop)

    def _decided(self, step: Step, job: CommandJob, known: JobRecord) -> Decision:
        """The decision of an earlier runner, which was killed."""
        content = self.decisions.content(step, job)
        found = self.runner.index.find(key_of(content)) if REUSED_JOB in known.properties else None
        reused = found if found and found.job == known.properties[REUSED_JOB] else None
        return Decision(content=content, why=known.properties.get(WHY, ""), reused=reused)

    def _reuse(self, job: CommandJob, found: StepResult) -> Finished:
        records = self.runner.records
        state = records.state(job.name)
        if not state.status.is_final:
            run_id = records.state(found.job).run_id
            ended = state.moved(JobStatus.COMPLETED, outputs=found.outputs, run_id=run_id)
            records.write_state(job.name, ended)
        return Finished(status=JobStatus.COMPLETED, outputs=found.outputs)

    def _with_inputs(self, step: Step) -> CommandJob:
        bound = {name: self._input(one) for name, one in step.inputs.items()}
        return replace(step.job, inputs={**step.job.inputs, **bound}, parent_run=self.run.run_id)

    def _input(self, one: StepInput) -> JobInput:
        if one.source.output == ARTIFACTS:
            name = job_paths.artifacts(self.producers[one.source.step])
            place = BlobLocation(container=self.runner.artifacts, name=name)
            return JobInput(type="uri_folder", location=place, mode=one.mode)
        location = self.outputs[one.source.step][one.source.output]
        declared = self.by_name[one.source.step].job.outputs[one.source.output]
        return JobInput(type=declared.type, location=location, mode=one.mode)

    def _record(self, step: Step, job: CommandJob, decision: Decision) -> JobRecord:
        properties = {STEP: step.name, WHY: decision.why}
        if decision.reused:
            properties |= {IS_REUSED: "true", REUSED_JOB: decision.reused.job}
        return JobRecord(
            name=job.name,
            type=step.type,
            document={"command": job.command, "environment": job.environment, "component": step.component},
            command=_sweep_of(step, job).as_json() if step.sweep else job.as_json(),
            display_name=job.display_name,
            description=job.description,
            experiment=job.experiment,
            compute=job.compute,
            tags=job.tags,
            properties=properties,
            parent=self.record.name,
            created_by=self.record.created_by,
        )

    def _note(self, text: str) -> None:
        self.log.note(text)


def _sweep_of(step: Step, job: CommandJob) -> SweepJob:
    """The sweep of a step, whose job has the values of all inputs."""
    sweep = SweepJob.of(step.sweep)
    return replace(sweep, trial=replace(job, outputs=sweep.trial.outputs))
