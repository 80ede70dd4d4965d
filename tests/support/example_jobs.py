"""Jobs and schedules in memory, the same in every run, with names that do harm where a page does not escape them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mlw.job_programs.model_monitor.feature_checks import Check
from mlw.job_programs.model_monitor.monitor_report import RESULT, Result
from mlw.jobs import job_paths
from mlw.jobs.command_jobs import BlobLocation, CommandJob, JobInput
from mlw.jobs.job_records import JobRecord, JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.stored_log import folder_of
from mlw.pipelines.bindings import StepOutput
from mlw.pipelines.pipeline_jobs import PipelineJob, Step, StepInput
from mlw.schedules.schedule_records import Position, Schedule, ScheduleRecords
from tests.support.insights_rows import EVIL
from tests.support.memory_documents import MemoryDocuments

CONTAINER = "azureml"
BEGIN, END = "2026-11-29T10:00:00+00:00", "2026-11-29T10:02:05+00:00"
LOG = f"epoch 1\repoch 2\n\x1b[31m{EVIL}\x1b[0m\n".encode()
SWEEP_RUN = f"{3:032x}"
"""The run in `fake_tracking` that has child runs."""


@dataclass
class MemoryLogs:
    """Stands in for the blobs of the artifact store."""

    blobs: dict[str, bytes] = field(default_factory=dict)

    def read(self, name: str, offset: int = 0) -> bytes | None:
        return self.blobs[name][offset:] if name in self.blobs else None

    def size(self, name: str) -> int | None:
        return len(self.blobs[name]) if name in self.blobs else None

    def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self.blobs if name.startswith(prefix))

    def sizes(self, prefix: str) -> list[tuple[str, int]]:
        return [(name, len(self.blobs[name])) for name in self.names(prefix)]


class ExampleJobs:
    """What the panels read: `jobs`, `schedules`, `computes`, `logs`, `artifacts`."""

    def __init__(self) -> None:
        documents = MemoryDocuments()
        self.jobs = JobRecords(documents, CONTAINER)
        self.schedules = ScheduleRecords(documents, CONTAINER)
        self.computes: list[dict[str, Any]] = []
        self.logs, self.artifacts = MemoryLogs(), CONTAINER
        self._add("whole", JobStatus.COMPLETED, display_name=EVIL, tags={"team": EVIL})
        self.logs.blobs[job_paths.artifact("whole", job_paths.LOG)] = LOG
        self._add("failed", JobStatus.FAILED, error=f"the command exited with code 3: {EVIL}", exit_code=3)
        self._add("running", JobStatus.RUNNING)
        self.logs.blobs[f"{folder_of('running')}{0:013d}"] = b"started\n"
        self._add_pipeline()
        document = {"objective": {"primary_metric": "accuracy", "goal": "maximize"}}
        self._add("tuning", JobStatus.COMPLETED, type_="sweep", run_id=SWEEP_RUN, document=document)
        self._add_monitor()
        self._add_schedules()

    def _add(
        self,
        name: str,
        status: JobStatus,
        *,
        type_: str = "command",
        run_id: str = "",
        error: str = "",
        exit_code: int | None = 0,
        document: Mapping[str, object] | None = None,
        command: Mapping[str, object] | None = None,
        **record: object,
    ) -> None:
        made = JobRecord(
            name=name, type=type_, document=document or {}, command=command or {}, experiment="churn", compute="cpu",
            created_by="dora", **record,  # type: ignore[arg-type]
        )  # fmt: skip
        self.jobs.submit(made, is_queued=False)
        outputs = {"model": BlobLocation(container="blobs", name=f"azureml/{name}/model", asset="model:1")}
        state = JobState(
            status=status, started=BEGIN, ended=END if status.is_final else "", run_id=run_id, experiment_id="1",
            error=error, exit_code=exit_code if status.is_final else None, outputs=outputs,
        )  # fmt: skip
        self.jobs.write_state(name, state)

    def _add_pipeline(self) -> None:
        """Four steps: one that was reused, one that failed, and one that did not run for it."""
        inputs = {"data": StepInput(source=StepOutput(step="prepare", output="clean"))}
        last = {"model": StepInput(source=StepOutput(step="train", output="model"))}
        steps = (
            Step(name="prepare", job=_job("graph-prepare")),
            Step(name="train", job=_job("graph-train"), inputs=inputs),
            Step(name=EVIL, job=_job("graph-evil"), inputs=inputs),
            Step(name="score", job=_job("graph-score"), inputs=last),
        )
        pipeline = PipelineJob(name="graph", steps=steps)
        reused = {"azureml.isreused": "true", "mlw.why": "reused: job 'before'"}
        self._add("graph", JobStatus.FAILED, type_="pipeline", command=pipeline.as_json(), error="step 'train' failed")
        self._add("graph-prepare", JobStatus.COMPLETED, parent="graph", properties=reused)
        self._add("graph-train", JobStatus.FAILED, parent="graph", properties={"mlw.why": "its code has changed"})
        self._add("graph-evil", JobStatus.COMPLETED, parent="graph", properties={"mlw.why": EVIL})

    def _add_monitor(self) -> None:
        """One signal with an alert and a report, one that was not computed."""
        self._add("drifting", JobStatus.COMPLETED, type_="monitor", document={"monitor": {}})
        crossed = Check("drift", EVIL, "jensen_shannon_distance", 0.75, 0.1, is_crossed=True)
        fine = Check("drift", "height", "jensen_shannon_distance", 0.05, 0.1, is_crossed=False)
        found = Result(
            rows={"drift": {"production": 20, "reference": 30}, "quality": {"production": 0, "reference": 30}},
            checks=[fine, crossed], alerts=[crossed], skipped={"quality": f"too little data {EVIL}"},
        )  # fmt: skip
        content = {"monitor": "nightly", "status": found.status, **asdict(found)}
        self.logs.blobs[job_paths.artifact("drifting", f"outputs/{RESULT}")] = json.dumps(content).encode()
        self.logs.blobs[job_paths.artifact("drifting", "outputs/drift.html")] = b"<html>"

    def _add_schedules(self) -> None:
        cron = {"type": "cron", "expression": "30 2 * * *", "start_time": BEGIN, "time_zone": "Europe/Berlin"}
        for name, is_enabled in (("nightly", True), ("paused", False)):
            made = Schedule(
                name=name, trigger=cron, create_job={"type": "command"}, display_name=f"{name} {EVIL}", set_at=BEGIN,
                armed=BEGIN, created=BEGIN, created_by="dora", is_enabled=is_enabled,
            )  # fmt: skip
            self.schedules.create(made)
        position = Position(armed=BEGIN, due=BEGIN, job="whole", error=f"no compute {EVIL}")
        self.schedules.move("nightly", position, revision="")


def _job(name: str) -> CommandJob:
    return CommandJob(name=name, command="true", inputs={"depth": JobInput(type="integer", value="3")})
