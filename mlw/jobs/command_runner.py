"""Carries out command jobs: preparing, running, finalizing, each through the ports of :mod:`mlw.jobs.ports`.

A job continues where it is if the runner was killed: the state of its container decides, not what was written last.
Whatever happens, a job ends with a final status that says why. Its results and outcome are stored first, then its
container and volume are removed, then its final status is written: a kill in between loses nothing, and a job that has
ended has nothing on the engine.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from infra.errors import MlWorkspaceError
from mlw.jobs import container_files, failure_reasons, job_paths, start_files
from mlw.jobs.command_jobs import BlobLocation, CommandJob, Finished, Stop
from mlw.jobs.following import STOP_SECONDS, Ending, Following
from mlw.jobs.job_errors import ComputeRightsError
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.login_renewal import renewing
from mlw.jobs.parent_jobs import attempt
from mlw.jobs.patience import patiently
from mlw.jobs.ports import (
    Access,
    ContainerPlan,
    ContainerState,
    Engine,
    Environments,
    JobData,
    JobRights,
    LogSink,
    Store,
    TrackedRun,
    Tracking,
)

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandRunner:
    """Carries out command jobs of one workspace.

    Attributes:
        blob_container: Container of the default blob store.
        attached: The engine of a compute, if it is not :attr:`engine`.
        stop_seconds: How long a command may take to end after SIGTERM.
        report: Called with the traceback of an error that is a defect of this program.
        note_usage: Called with the container of a job that has ended, before it is removed; again after a kill.
    """

    store: Store
    engine: Engine
    tracking: Tracking
    environments: Environments
    access: Access
    blob_container: str
    attached: Callable[[str], Engine | None] = lambda _compute: None
    stop_seconds: float = STOP_SECONDS
    report: Callable[[str], None] = print
    note_usage: Callable[[CommandJob, ContainerState], None] = lambda _job, _container: None

    def run(self, job: CommandJob, stop: Stop) -> Finished:
        """Carry out one job; see :class:`mlw.jobs.command_jobs.Runner`."""
        state = self.store.state(job.name)
        if state.status.is_final:
            # The engine did not respond when it ended.
            self.clear(job)
        else:
            state = _Execution(self, job, stop, state).carry_out()
        return Finished(
            status=state.status,
            outputs=state.outputs,
            run_id=state.run_id,
            exit_code=state.exit_code,
            error=state.error,
        )

    def clear(self, job: CommandJob) -> None:
        """Note what a job has used, and remove what it has on the engine.

        Raises:
            EngineError: The engine does not do it.
        """
        engine = self.engine_of(job)
        self._note_usage(job, engine)
        engine.remove(job.name)

    def _note_usage(self, job: CommandJob, engine: Engine) -> None:
        try:
            if ended := engine.state(job.name):
                self.note_usage(job, ended)
        except (MlWorkspaceError, OSError) as exc:
            # What a job has cost never changes its result.
            self.report(f"{job.name}: noting what it has used: {exc}")

    def engine_of(self, job: CommandJob) -> Engine:
        """The engine that a job runs on."""
        return self.attached(job.compute) or self.engine


@dataclass
class _Execution:
    """One job on its way."""

    runner: CommandRunner
    job: CommandJob
    stop: Stop
    state: JobState
    log: LogSink = field(init=False)

    @property
    def engine(self) -> Engine:
        """The engine that it runs on."""
        return self.runner.engine_of(self.job)

    def carry_out(self) -> JobState:
        """Bring it to its end, from wherever it is."""
        if not self.state.result:
            self._carry_out_command()
        return self._end(JobStatus(self.state.result))

    def _carry_out_command(self) -> None:
        """Bring the command to its end, and store results, log and outcome."""
        self.log = self.runner.store.log(self.job.name, self.state.log_start)
        status, error, outputs = JobStatus.FAILED, "", self.state.outputs
        try:
            status, error = self._to_exit()
            outputs = self._with_rights(self._finalize) if self.state.exit_code is not None else {}
        except MlWorkspaceError as exc:
            # Why the command failed comes first: e.g. a container that was removed has no results to read.
            status = JobStatus.FAILED if status is JobStatus.COMPLETED else status
            error = "\n".join(filter(None, (error, str(exc))))
        except Exception as exc:
            status, error = JobStatus.FAILED, f"running the job: {type(exc).__name__}: {exc}"
            self.runner.report(traceback.format_exc())
        attempt(self.runner.report, self.job.name, lambda: self._close_log(error))
        self._write(self.state.moved(JobStatus.FINALIZING, result=status, error=error, outputs=outputs))

    def _end(self, result: JobStatus) -> JobState:
        """Remove what it has on the engine, then write its final status; an engine that is away does not delay that."""
        with ThreadPoolExecutor(1) as pool:
            cleared = pool.submit(self.runner.clear, self.job)
            attempt(self.runner.report, self.job.name, lambda: self._end_run(result))
        try:
            cleared.result()
        finally:
            self._write(self.state.moved(result))
        return self.state

    def _close_log(self, error: str) -> None:
        if error:
            # The log itself is above it.
            self.log.note(error.partition(failure_reasons.LOG_END)[0].partition("\n")[0])
        self.log.close()

    def _end_run(self, result: JobStatus) -> None:
        run = TrackedRun(run_id=self.state.run_id, experiment_id=self.state.experiment_id)
        if run.run_id:
            self.runner.tracking.end(run, result, self.state.outputs)

    def _write(self, state: JobState) -> None:
        self.state = state
        patiently(lambda: self.runner.store.write_state(self.job.name, state))

    def _to_exit(self) -> tuple[JobStatus, str]:
        """Bring the command to its end; status and reason."""
        container = self.engine.state(self.job.name)
        if container is None and self.state.started:
            raise MlWorkspaceError(
                f"looking for the container of job '{self.job.name}': it was running and is not on the engine any "
                "more: somebody removed it, or the workspace was restored or moved. Submit the job again."
            )
        if container is None or not container.was_started:
            if reason := self.stop.reason:
                return JobStatus.CANCELED, reason
            self._with_rights(self._prepare)
            if reason := self.stop.reason:
                return JobStatus.CANCELED, reason
            self.engine.start(self.job.name)
        if not self.state.started:
            self._write(self.state.moved(JobStatus.RUNNING, log_start=self.log.size))
        ending = self._follow()
        self._write(self.state.moved(JobStatus.FINALIZING, exit_code=ending.container.exit_code))
        return self._judged(ending)

    def _with_rights(self, action: Callable[[], Result]) -> Result:
        """Do something with the rights of the compute; if they do not suffice, with those that it has now."""
        try:
            return patiently(action)
        except ComputeRightsError:
            self.runner.access.forget(self.job.compute)
            return patiently(action)

    def _follow(self) -> Ending:
        following = Following(self.engine, self.job.name, self.log, stop_seconds=self.runner.stop_seconds)
        with renewing(self._renew, self.log.note, started=self.state.started):
            return following.to_end(
                self.stop, timeout_seconds=self.job.limits.timeout_seconds, started=self.state.started
            )

    def _renew(self) -> None:
        """Extend the job's login to the key vault; the token is read where the job has it, also after a restart."""
        for _, _, content in self.engine.take(self.job.name, job_paths.VAULT_TOKEN):
            self.runner.access.extend(self.job, content.read().decode())

    def _judged(self, ending: Ending) -> tuple[JobStatus, str]:
        if ending.stopped_because:
            return JobStatus.CANCELED, ending.stopped_because
        error = failure_reasons.reason(
            ending.container,
            self.log.tail,
            memory_mib=ending.container.memory_mib,
            was_interrupted=ending.was_interrupted,
        )
        return (JobStatus.FAILED if error else JobStatus.COMPLETED), error

    def _prepare(self) -> None:
        job, runner = self.job, self.runner
        with ThreadPoolExecutor(1) as pool:
            # The first job of a workspace builds and pulls an image: the rest is done meanwhile.
            provided = pool.submit(runner.environments.image_of, job, self.log)
            rights = self._registered()
        image = provided.result()
        self.engine.remove(job.name)
        plan = ContainerPlan(
            job=job.name, root=job.root or job.parent or job.name,
            image=image, command=start_files.command_line(job.name), networks=rights.networks,
            cpus=rights.cpus, memory_mib=rights.memory_mib, shm_bytes=job.limits.shm_bytes,
        )  # fmt: skip
        self.engine.create(plan)
        data = runner.access.data_of(job)
        with data.code(job.code) as code:
            self.engine.put(job.name, container_files.of(job, code, rights, data))
        self.state = JobState.of({**self.state.as_json(), "image": image})

    def _registered(self) -> JobRights:
        """Make the run of the job, note what it uses, and return its rights."""
        job, runner = self.job, self.runner
        run = TrackedRun(run_id=self.state.run_id, experiment_id=self.state.experiment_id)
        if not run.run_id:
            run = runner.tracking.start(job)
        self._write(self.state.moved(JobStatus.PREPARING, run_id=run.run_id, experiment_id=run.experiment_id))
        runner.store.note_use(job, run.run_id)
        rights = runner.access.rights_of(job, run)
        for notice in rights.notices:
            self.log.note(notice)
        return rights

    def _finalize(self) -> dict[str, BlobLocation]:
        """Store what the command wrote."""
        job, data = self.job, self.runner.access.data_of(self.job)
        for folder in job_paths.DEFAULT_FOLDERS:
            for name, size, content in self.engine.take(job.name, f"{job_paths.working_folder(job.name)}/{folder}"):
                data.put_artifact(job.name, f"{folder}/{name}", size, content)
        return {name: self._store_output(name, data) for name in job.outputs}

    def _store_output(self, name: str, data: JobData) -> BlobLocation:
        job, wanted = self.job, self.job.outputs[name]
        location = job_paths.output_location(job, name, self.runner.blob_container)
        file = job_paths.file_of(name, wanted)
        for found, size, content in self.engine.take(job.name, job_paths.output_folder(job.name, name)):
            if location.is_folder or found == file:
                data.put_output(location, found, size, content)
            else:
                # The command made a folder of what is declared as a file.
                folder = BlobLocation(container=location.container, name=location.name)
                data.put_output(folder, found.removeprefix(f"{file}/"), size, content)
        return data.register_output(wanted.asset, location, job, self.state.run_id) if wanted.asset else location
