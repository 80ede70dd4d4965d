"""Runs pipelines with fakes of the runner of command jobs, the tracking server and the storage account."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlw.jobs.command_jobs import BlobLocation, CommandJob, Finished, JobInput, JobOutput, Stop
from mlw.jobs.job_records import JobRecord, JobRecords
from mlw.jobs.job_status import JobStatus
from mlw.jobs.ports import LogSink, TrackedRun
from mlw.jobs.queue_entries import NO_COMPUTE, QueueEntry
from mlw.jobs.submission import Submission
from mlw.pipelines.pipeline_runner import PipelineRunner
from mlw.pipelines.pipeline_submission import pipeline_record
from mlw.pipelines.reuse_index import ReuseIndex
from tests.support.memory_documents import MemoryDocuments
from tests.support.sweep_runs import FakeTrials

CONTAINER = "azureml"


class NeverStopped:
    """Nobody cancels."""

    reason = ""

    def wait(self, seconds: float) -> bool:  # noqa: ARG002 - as the real one
        return False


@dataclass
class FakeLog:
    """Lines of a log."""

    lines: list[str] = field(default_factory=list)
    tail: str = ""

    def write(self, chunk: bytes) -> None:
        self.lines.append(chunk.decode())

    def note(self, text: str) -> None:
        self.lines.append(text)

    def close(self) -> None:
        self.lines.append("closed")

    @property
    def size(self) -> int:
        return sum(map(len, self.lines))

    @property
    def is_full(self) -> bool:
        return False

    def end(self, chunk: bytes) -> None:
        self.write(chunk)


@dataclass
class FakeWorkspace:
    """Everything that the runner of pipelines needs; a command writes what `results` says.

    Attributes:
        ran: Jobs that ran, in their order.
        results: Content of the outputs of a step's job; by default its command and the contents of its inputs.
        failing: Commands that fail.
        killed: A command at which the runner is killed.
    """

    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    contents: dict[str, str] = field(default_factory=dict)
    ran: list[CommandJob] = field(default_factory=list)
    runs: dict[str, CommandJob] = field(default_factory=dict)
    ended: dict[str, JobStatus] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    killed: str = ""
    image: str = "sha256:1"
    stored: list[Path] = field(default_factory=list)
    log_of: dict[str, FakeLog] = field(default_factory=dict)
    reports: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def records(self) -> JobRecords:
        return JobRecords(self.documents, CONTAINER)

    def submission(self) -> Submission:
        def resolve_input(job: str, name: str, given: Mapping[str, Any]) -> JobInput:
            path = str(given["path"]).replace("${{name}}", job)
            self.contents.setdefault(path, "content")
            place = BlobLocation(container="blobs", name=path, is_folder=given["type"] != "uri_file")
            return JobInput(type=str(given["type"]), location=place, mode=str(given["mode"]))

        def resolve_output(*given: Any) -> JobOutput:  # noqa: ANN401 - name and document are the last two
            return JobOutput(type=str(given[-1].get("type") or "uri_folder"), asset=str(given[-1].get("name") or ""))

        def store_code(folder: Path) -> str:
            self.stored.append(folder)
            return f"hash of {folder}"

        return Submission(
            user="dora",
            store_code=store_code,
            git_facts=lambda _folder: {},
            resolve_input=resolve_input,
            resolve_output=resolve_output,
        )

    def submit(self, document: Mapping[str, Any], name: str) -> JobRecord:
        def none(reference: str) -> Mapping[str, Any]:
            raise AssertionError(reference)

        record = pipeline_record({**document, "name": name}, self.submission(), Path("/project"), none)
        return self.records.submit(record)

    def carry_out(self, name: str, stop: Stop | None = None) -> Finished:
        """Carry out a submitted pipeline job, as a new process would."""
        runner = PipelineRunner(
            records=self.records,
            logs=self,
            tracking=self,
            environments=self,
            index=ReuseIndex(self.documents, CONTAINER),
            artifacts=CONTAINER,
            digest=lambda place: f"digest of {self.contents.get(place.name, '')}",
            step_runner=lambda _entry: self,
            sweeps=self.run_sweep,
            report=self.reports.append,
        )
        record = self.records.submitted(name)
        assert record is not None
        entry = QueueEntry(rank=1, submitted=1, job=name, compute=NO_COMPUTE)
        return runner.run(record, entry, stop or NeverStopped())

    def log(self, job: str) -> LogSink:
        return self.log_of.setdefault(job, FakeLog())

    def start(self, job: CommandJob) -> TrackedRun:
        self.runs[f"run of {job.name}"] = job
        return TrackedRun(run_id=f"run of {job.name}", experiment_id="1")

    def end(self, run: TrackedRun, status: JobStatus, _outputs: Mapping[str, BlobLocation] | None = None) -> None:
        self.ended[run.run_id] = status

    def image_of(self, job: CommandJob, note: LogSink) -> str:  # noqa: ARG002 - as the real one
        return self.image

    def run(self, job: CommandJob, stop: Stop) -> Finished:
        """Carry out a command job, unless it has ended."""
        state = self.records.state(job.name)
        if not state.status.is_final:
            if self.killed and self.killed in job.command:
                raise KeyboardInterrupt
            with self._lock:
                self.ran.append(job)
            status = JobStatus.CANCELED if stop.reason else JobStatus.COMPLETED
            status = JobStatus.FAILED if job.command in self.failing else status
            error = "exit code 1" if status is JobStatus.FAILED else stop.reason
            outputs = {} if error else {name: self._write(job, name) for name in job.outputs}
            state = state.moved(status, outputs=outputs, error=error)
            self.records.write_state(job.name, state)
        return Finished(status=state.status, outputs=state.outputs, error=state.error)

    def run_sweep(self, record: JobRecord, entry: QueueEntry, stop: Stop) -> Finished:
        """Carry out a sweep step; its trials are not among the jobs that ran."""
        return FakeTrials(documents=self.documents).runner.run(record, entry, stop)

    def _write(self, job: CommandJob, name: str) -> BlobLocation:
        place = BlobLocation(container="blobs", name=f"azureml/{job.name}/{name}")
        given = [self.contents.get(one.location.name, "") if one.location else one.value for one in job.inputs.values()]
        self.contents[place.name] = self.results.get(job.command, f"{job.command} {given}")
        return place
