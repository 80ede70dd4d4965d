import time

import pytest

from mlw.jobs.job_records import JobExistsError, JobNotFoundError, JobRecord, JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.queue_entries import QUEUE, QueueEntry
from tests.support.memory_documents import MemoryDocuments


@pytest.fixture
def records() -> JobRecords:
    return JobRecords(MemoryDocuments(), "azureml")


def job(name: str, **changed: object) -> JobRecord:
    return JobRecord(**{"name": name, "type": "command", "document": {}, "compute": "c", **changed})  # type: ignore[arg-type]


def test_a_name_is_given_once(records: JobRecords) -> None:
    records.submit(job("j"))

    with pytest.raises(JobExistsError, match="there is a job of this name"):
        records.submit(job("j"))

    assert len(records.queue()) == 1


class _Raced(MemoryDocuments):
    """A storage account in which another submission of the name is always a bit faster."""

    def create(self, container: str, name: str, content: bytes, *, content_type: str = "") -> bool:
        if name == "jobs/j/job.json" and (container, name) not in self.blobs:
            JobRecords(self.others, container).submit(job("j"))
        return super().create(container, name, content, content_type=content_type)

    @property
    def others(self) -> MemoryDocuments:
        other = MemoryDocuments()
        other.blobs = self.blobs
        return other


def test_of_two_submissions_in_one_millisecond_one_stays_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    records = JobRecords(_Raced(), "azureml")

    with pytest.raises(JobExistsError):
        records.submit(job("j"))

    assert [entry.job for entry in records.queue()] == ["j"]
    assert list(records.names()) == ["j"]


def test_a_misspelt_name_is_told(records: JobRecords) -> None:
    records.submit(job("train-churn"))

    with pytest.raises(JobNotFoundError, match="Did you mean 'train-churn'"):
        records.read("train-chrun")


def test_changes_and_archiving_leave_the_submission_alone(records: JobRecords) -> None:
    records.submit(job("j", display_name="before", tags={"a": "1"}))

    records.change("j", display_name="after")
    records.change("j", archived=True)

    found = records.read("j")
    assert (found.value("display_name"), found.value("tags"), found.is_archived) == ("after", {"a": "1"}, True)
    assert found.record.display_name == "before"


def test_lists_omit_steps_and_archived_jobs(records: JobRecords) -> None:
    for one in (job("j"), job("old"), job("step", parent="j")):
        records.submit(one)
    records.change("old", archived=True)

    def names(**wanted: object) -> set[str]:
        return {one.record.name for one in records.last(limit=10, **wanted)}  # type: ignore[arg-type]

    assert names(parent="") == {"j"}
    assert names(parent="j") == {"step"}
    assert names(parent="", archived=True) == {"old"}
    assert names(parent=None, archived=None) == {"j", "old", "step"}


def test_a_list_stops_at_its_limit(records: JobRecords) -> None:
    for number in range(30):
        records.submit(job(f"j{number}"))

    assert len(records.last(limit=7)) == 7


def test_a_request_to_cancel_shows_until_the_job_has_ended(records: JobRecords) -> None:
    records.submit(job("j"))
    records.request_cancel("j")
    assert records.read("j").status is JobStatus.CANCEL_REQUESTED

    records.write_state("j", JobState().moved(JobStatus.CANCELED, error="why"))
    records.leave_queue(records.queue()[0])

    assert (records.read("j").status, records.cancels(), records.queue()) == (JobStatus.CANCELED, set(), [])


def test_a_place_in_the_queue_is_read_from_its_name() -> None:
    entry = QueueEntry(rank=0, submitted=1_700_000_000_000, job="a-b_c", compute="gpu-1")

    assert QueueEntry.of(entry.blob) == entry
    assert QueueEntry.of(f"{QUEUE}c/nonsense") is None
