"""Carries out command jobs: preparing, running, finalizing, each through the ports of :mod:`mlw.jobs.ports`.

A job continues where it is if the runner was killed: the state of its container decides, not what was written last.
Whatever happens, a job ends with a final status that says why, and its container and volume are removed after its
results are stored.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from infra.errors import MlWorkspaceError
from mlw.jobs import command_text, failure_reasons, job_paths, program_files, start_files
from mlw.jobs.command_jobs import BlobLocation, CommandJob, Finished, Stop
from mlw.jobs.following import STOP_SECONDS, Ending, Following
from mlw.jobs.job_errors import ComputeRightsError
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.login_renewal import renewing
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
    SourceFile,
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
        if not state.status.is_final:
            state = _Execution(self, job, stop, state).carry_out()
        # After the result is stored, so that a kill in between loses nothing.
        engine = self.engine_of(job)
        self._note_usage(job, engine)
        engine.remove(job.name)
        return Finished(
            status=state.status,
            outputs=state.outputs,
            run_id=state.run_id,
            exit_code=state.exit_code,
            error=state.error,
        )

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
        self._close(status, error, outputs)
        self._write(self.state.moved(status, error=error, outputs=outputs))
        return self.state

    def _close(self, status: JobStatus, error: str, outputs: Mapping[str, BlobLocation]) -> None:
        """End log and MLflow run; neither may change the result."""
        run = TrackedRun(run_id=self.state.run_id, experiment_id=self.state.experiment_id)
        try:
            if error:
                # The log itself is above it.
                self.log.note(error.partition(failure_reasons.LOG_END)[0].partition("\n")[0])
            self.log.close()
            if run.run_id:
                self.runner.tracking.end(run, status, outputs)
        except MlWorkspaceError as exc:
            self.runner.report(f"{self.job.name}: {exc}")

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
            working = _below(job_paths.working_folder(job.name), code)
            self.engine.put(job.name, chain(working, self._files(rights, data)))
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

    def _files(self, rights: JobRights, data: JobData) -> Iterator[SourceFile]:
        """Everything in the container but the code."""
        job = self.job
        for name in job_paths.DEFAULT_FOLDERS:
            yield SourceFile(name=f"{job_paths.working_folder(job.name)}/{name}", is_folder=True)
        for name in job.outputs:
            yield SourceFile(name=job_paths.output_folder(job.name, name), is_folder=True)
        for name, given in job.inputs.items():
            if given.location is not None:
                folder = "/".join(filter(None, (job_paths.input_folder(job.name, name), given.folder)))
                yield from _below(folder, data.data(given.location), is_read_only=given.mode != "download")
        inputs = {name: job_paths.input_value(job.name, name, given) for name, given in job.inputs.items()}
        outputs = {name: job_paths.output_path(job.name, name, wanted) for name, wanted in job.outputs.items()}
        command = command_text.resolve(job.command, inputs, outputs, job=job.name)
        yield from rights.files
        yield from program_files.files(job.program)
        paths = {f"AZURE_ML_INPUT_{name}": value for name, value in inputs.items() if value is not None}
        paths |= {f"AZURE_ML_OUTPUT_{name}": path for name, path in outputs.items()}
        yield from start_files.files(command, {**paths, **rights.variables, **job.environment_variables})

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


def _below(folder: str, files: Iterator[SourceFile], *, is_read_only: bool = False) -> Iterator[SourceFile]:
    yield SourceFile(name=folder, is_folder=True, is_read_only=is_read_only)
    for one in files:
        yield SourceFile(
            name=f"{folder}/{one.name}", size=one.size, content=one.content, mode=one.mode, is_read_only=is_read_only
        )
