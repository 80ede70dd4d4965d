"""Listing jobs of a workspace that has had many."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from docker import DockerClient

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.conditional_documents import Document
from mlw.jobs.job_records import JobRecord, JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.shared_documents import SharedDocuments
from tests.support.connections import to_storage
from tests.support.object_store import s3_client
from tests.support.storage_container import ROOT, SECRET, running_storage

JOBS, SHOWN = 2000, 50
WRITERS = 8


class CountedDocuments(SharedDocuments):
    """Notes what is read; several threads read."""

    def __init__(self, connection: ServiceConnection) -> None:
        super().__init__(connection)
        self.read_names: list[str] = []
        self.listed = 0

    def read(self, container: str, name: str) -> Document | None:
        """Read one."""
        self.read_names.append(name)
        return super().read(container, name)

    def names(self, container: str, prefix: str) -> Iterator[str]:
        """List names."""
        for name in super().names(container, prefix):
            self.listed += 1
            yield name


@pytest.fixture(scope="module")
def connection(engine: DockerClient) -> Iterator[ServiceConnection]:
    with running_storage(engine) as endpoint:
        keys = {"accessKey": ROOT, "secretKey": SECRET}
        s3_client({"endpoints": {"storage": endpoint}, "credentials": {"storage": keys}}).create_bucket(
            Bucket="azureml"
        )
        yield to_storage(endpoint, ROOT, SECRET)


def test_listing_the_last_of_two_thousand_jobs_reads_few_of_them(connection: ServiceConnection) -> None:
    records = JobRecords(SharedDocuments(connection), "azureml")

    def add(number: int) -> None:
        name = f"job-{number}"
        records.submit(
            JobRecord(name=name, type="command", document={}, command={"command": "x" * 500}), is_queued=False
        )
        records.write_state(name, JobState().moved(JobStatus.COMPLETED))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(add, range(JOBS)))
    documents = CountedDocuments(connection)
    found = JobRecords(documents, "azureml").last(limit=SHOWN)

    assert (len(found), {one.status for one in found}) == (SHOWN, {JobStatus.COMPLETED})
    assert SHOWN <= documents.listed < 2 * SHOWN
    # A job is a record, a state and its changes.
    assert len(documents.read_names) == len(set(documents.read_names)) == 3 * documents.listed
