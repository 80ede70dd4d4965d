"""Listing jobs of a workspace that has had many."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from docker import DockerClient

from infra.clients.service_connection import ServiceConnection
from mlw.jobs.job_records import JobRecord, JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.shared_documents import SharedDocuments
from tests.support.connections import to_storage
from tests.support.object_store import s3_client
from tests.support.storage_container import ROOT, SECRET, running_storage

JOBS, SHOWN, SECONDS = 2000, 50, 1.0
WRITERS = 8


@pytest.fixture(scope="module")
def connection(engine: DockerClient) -> Iterator[ServiceConnection]:
    with running_storage(engine) as endpoint:
        keys = {"accessKey": ROOT, "secretKey": SECRET}
        s3_client({"endpoints": {"storage": endpoint}, "credentials": {"storage": keys}}).create_bucket(
            Bucket="azureml"
        )
        yield to_storage(endpoint, ROOT, SECRET)


def test_the_last_of_two_thousand_jobs_are_listed_within_a_second(connection: ServiceConnection) -> None:
    records = JobRecords(SharedDocuments(connection), "azureml")

    def add(number: int) -> None:
        name = f"job-{number}"
        records.submit(
            JobRecord(name=name, type="command", document={}, command={"command": "x" * 500}), is_queued=False
        )
        records.write_state(name, JobState().moved(JobStatus.COMPLETED))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(add, range(JOBS)))
    start = time.monotonic()
    found = JobRecords(SharedDocuments(connection), "azureml").last(limit=SHOWN)
    seconds = time.monotonic() - start

    assert (len(found), {one.status for one in found}) == (SHOWN, {JobStatus.COMPLETED})
    assert seconds < SECONDS
