"""Which compute's credentials the runner reads before a job is submitted."""

import threading

import pytest

from infra.errors import ServiceError
from mlw.jobs import reading_ahead
from mlw.jobs.job_records import JobRecord, JobRecords
from tests.support.memory_documents import MemoryDocuments

COMPUTES = ["local", "cpu-cluster", "spot"]


@pytest.fixture
def records() -> JobRecords:
    return JobRecords(MemoryDocuments(), "azureml")


def submit(records: JobRecords, name: str, compute: str, *, is_queued: bool) -> None:
    records.submit(JobRecord(name=name, type="command", document={}, command={}, compute=compute), is_queued=is_queued)


def test_in_a_new_workspace_it_is_a_cluster(records: JobRecords) -> None:
    assert reading_ahead.likely(records, COMPUTES) == "cpu-cluster"
    assert reading_ahead.likely(records, ["local"]) == "local"


def test_it_is_that_of_the_last_job_or_of_one_that_waits(records: JobRecords) -> None:
    submit(records, "first", "LOCAL", is_queued=False)
    assert reading_ahead.likely(records, COMPUTES) == "local"

    submit(records, "waiting", "spot", is_queued=True)
    submit(records, "last", "local", is_queued=False)
    assert reading_ahead.likely(records, COMPUTES) == "spot"


def test_a_compute_that_was_removed_is_not_read(records: JobRecords) -> None:
    submit(records, "last", "gone", is_queued=False)

    assert reading_ahead.likely(records, COMPUTES) == "cpu-cluster"


def test_a_failure_is_left_to_the_job_that_needs_it(records: JobRecords) -> None:
    asked: list[str] = []
    done = threading.Event()

    def fail(name: str) -> None:
        asked.append(name)
        done.set()
        raise ServiceError("sealed")

    reading_ahead.begin(records, lambda: COMPUTES, fail)

    assert done.wait(10)
    for thread in threading.enumerate():
        if thread.name == "reading ahead":
            thread.join(10)
    assert asked == ["cpu-cluster"]
