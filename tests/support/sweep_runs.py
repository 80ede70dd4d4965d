"""Runs sweeps with fakes of the runner of command jobs, the tracking server and the storage account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlw.jobs import parent_jobs
from mlw.jobs.command_jobs import BlobLocation, CommandJob, Finished, JobInput, JobOutput, Stop
from mlw.jobs.job_records import JobRecord, JobRecords
from mlw.jobs.job_status import JobStatus
from mlw.jobs.queue_entries import NO_COMPUTE, QueueEntry
from mlw.jobs.submission import Submission
from mlw.sweeps.sweep_runner import SweepRunner
from mlw.sweeps.sweep_submission import sweep_record
from tests.support.fake_jobs import FakeStore, FakeTracking
from tests.support.memory_documents import MemoryDocuments

NAME = "tune"
Command = Callable[["FakeTrials", CommandJob, Stop], str]
"""What a trial does; why it failed, empty for a success."""


def sweep(**over: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """A sweep job as the loader of Azure's files returns it."""
    return {
        "type": "sweep",
        "name": NAME,
        "trial": {
            "command": "train --lr ${{search_space.lr}} --data ${{inputs.data}}",
            "environment": {"image": "python"},
        },
        "inputs": {"data": 5},
        "outputs": {"model": {"type": "uri_folder"}},
        "compute": "cpu-cluster",
        "sampling_algorithm": "random",
        "search_space": {"lr": {"type": "uniform", "min_value": 0, "max_value": 1}},
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "limits": {"max_total_trials": 6, "max_concurrent_trials": 2},
        **over,
    }


@dataclass
class FakeTrials:
    """A workspace whose trials are functions.

    Attributes:
        command: What a trial does; it logs its parameter as loss by default.
        ran: Trials that ran, in their order.
        most: How many ran at the same time at most.
        logged: Reports of each run.
        nodes: Of the compute.
    """

    command: Command = lambda trials, job, _stop: trials.report(job, parameters(job)["lr"])
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    store: FakeStore = field(default_factory=FakeStore)
    tracking: FakeTracking = field(default_factory=FakeTracking)
    ran: list[str] = field(default_factory=list)
    most: int = 0
    logged: dict[str, list[float]] = field(default_factory=dict)
    parameters: dict[str, Mapping[str, str]] = field(default_factory=dict)
    tags: dict[str, Mapping[str, str]] = field(default_factory=dict)
    nodes: int = 4
    reported: list[str] = field(default_factory=list)
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def records(self) -> JobRecords:
        return JobRecords(self.documents, "azureml")

    def submit(self, **over: Any) -> JobRecord:  # noqa: ANN401 - YAML
        """Submit a sweep."""
        return self.records.submit(sweep_record(sweep(**over), self.submission(), Path("/project"), _no_component))

    def submission(self) -> Submission:
        def resolve_input(_job: str, _name: str, given: Mapping[str, Any]) -> JobInput:
            return JobInput(type="uri_file", location=BlobLocation(container="blobs", name=str(given["path"])))

        def resolve_output(_job: str, _name: str, given: Mapping[str, Any]) -> JobOutput:
            place = BlobLocation(container="blobs", name=str(given["path"])) if given.get("path") else None
            return JobOutput(type="uri_folder", location=place, asset=str(given.get("name") or ""))

        return Submission(
            user="dora",
            store_code=lambda folder: f"hash of {folder}",
            git_facts=lambda _folder: {},
            resolve_input=resolve_input,
            resolve_output=resolve_output,
        )

    @property
    def runner(self) -> SweepRunner:
        """What carries out sweeps."""
        return SweepRunner(
            records=self.records,
            store=self.store,
            tracking=self.tracking,
            metrics=self,
            trial_runner=lambda _entry: self,
            data_of=lambda _job: self.store,
            nodes_of=lambda _compute: self.nodes,
            report=self.reported.append,
        )

    def carry_out(self, stop: Stop, name: str = NAME) -> Finished:
        """Carry out a submitted sweep, as a new process would."""
        record = self.records.submitted(name)
        assert record is not None
        entry = QueueEntry(rank=1, submitted=1, job=name, compute=NO_COMPUTE)
        return parent_jobs.carry_out(self.records, self.runner.run, record, entry, stop)

    def run(self, job: CommandJob, stop: Stop) -> Finished:
        """Carry out a trial, unless it has ended."""
        state = self.records.state(job.name)
        if not state.status.is_final:
            with self._lock:
                self.ran.append(job.name)
                self._running += 1
                self.most = max(self.most, self._running)
            self.records.write_state(job.name, state.moved(JobStatus.RUNNING, run_id=f"run-{job.name}"))
            error = self.command(self, job, stop)
            with self._lock:
                self._running -= 1
            status = JobStatus.CANCELED if stop.reason else JobStatus.FAILED if error else JobStatus.COMPLETED
            outputs = {name: BlobLocation(container="blobs", name=f"{job.name}/{name}") for name in job.outputs}
            state = self.records.state(job.name).moved(status, error=stop.reason or error, outputs=outputs)
            self.records.write_state(job.name, state)
        return Finished(status=state.status, outputs=state.outputs, run_id=state.run_id, error=state.error)

    def report(self, job: CommandJob, *values: float) -> str:
        """Log values of the metric."""
        self.logged.setdefault(f"run-{job.name}", []).extend(values)
        return ""

    def reports(self, run_id: str, _metric: str) -> Sequence[float]:
        return list(self.logged.get(run_id, ()))

    def names(self, run_id: str) -> Sequence[str]:
        return ["other"] if run_id else []

    def add_parameters(self, run_id: str, parameters: Mapping[str, str]) -> None:
        self.parameters[run_id] = parameters

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        self.tags[run_id] = tags


def parameters(job: CommandJob) -> dict[str, float]:
    """Parameters of a trial, from its environment variables."""
    prefix = "AZUREML_SWEEP_"
    return {
        key.removeprefix(prefix): float(value)
        for key, value in job.environment_variables.items()
        if key.startswith(prefix)
    }


def _no_component(reference: str) -> Mapping[str, Any]:
    raise AssertionError(reference)
