"""The beginning of a job with child jobs: one MLflow run, however often a runner is killed."""

from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.job_records import JobRecord, JobRecords
from mlw.jobs.job_status import JobStatus
from mlw.jobs.parent_jobs import begin
from mlw.jobs.ports import TrackedRun
from tests.support.fake_jobs import FakeTracking
from tests.support.memory_documents import MemoryDocuments


class Tracking(FakeTracking):
    """Another run at each start."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[CommandJob] = []

    def start(self, job: CommandJob) -> TrackedRun:
        self.jobs.append(job)
        return TrackedRun(run_id=f"run-{len(self.jobs)}", experiment_id="7")


def test_a_job_gets_one_run_below_its_parents_and_is_running() -> None:
    records, tracking = JobRecords(MemoryDocuments(), "azureml"), Tracking()
    record = JobRecord(
        name="tune", type="sweep", document={}, compute="-", experiment="e", display_name="Tune", parent="pipe",
        tags={"team": "red"}, properties={"mlw.why": "new"},
    )  # fmt: skip
    records.submit(record)

    run, state = begin(records, tracking, record, parent_run="run-0")

    (job,) = tracking.jobs
    assert (job.name, job.experiment, job.display_name) == ("tune", "e", "Tune")
    assert (job.parent, job.parent_run, job.tags, job.properties) == ("pipe", "run-0", record.tags, record.properties)
    assert (run.run_id, run.experiment_id, state.status) == ("run-1", "7", JobStatus.RUNNING)
    assert records.state("tune") == state

    again, _ = begin(records, tracking, record, parent_run="run-0")

    assert (again, len(tracking.jobs)) == (run, 1)
