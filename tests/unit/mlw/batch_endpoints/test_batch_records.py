"""Records of batch endpoints: deployments, notes of jobs, and what is left of a deleted endpoint."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from mlw.batch_endpoints.batch_errors import BatchEndpointError, BatchEndpointNotFoundError
from mlw.batch_endpoints.batch_records import BatchDeployment, BatchEndpoint, BatchRecords
from mlw.online_endpoints.endpoint_records import DeployedModel
from tests.support.memory_documents import MemoryDocuments

TREES = BatchDeployment(
    name="trees", endpoint="churn", document={"name": "trees"}, environment="azureml:a:1", code="c" * 64,
    script="score.py", model=DeployedModel(name="m", version="3", location="there"),
)  # fmt: skip


@pytest.fixture
def documents() -> MemoryDocuments:
    return MemoryDocuments()


@pytest.fixture
def records(documents: MemoryDocuments) -> BatchRecords:
    found = BatchRecords(documents, "artifacts")
    found.create(BatchEndpoint(name="churn"))
    found.write(TREES)
    return found


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the clock, in seconds."""
    return lambda second: monkeypatch.setattr(time, "time_ns", lambda: second * 1_000_000_000)


def test_endpoints_and_deployments_are_read_as_they_were_written(records: BatchRecords) -> None:
    assert records.all() == [BatchEndpoint(name="churn")]
    assert records.deployment("churn", "trees") == TREES
    with pytest.raises(BatchEndpointError, match="creating batch endpoint 'churn': the name is taken"):
        records.create(BatchEndpoint(name="churn"))
    with pytest.raises(BatchEndpointNotFoundError, match=r"'tres' of batch endpoint 'churn': .*Did you mean 'trees'"):
        records.deployment("churn", "tres")


def test_jobs_are_listed_the_last_one_first(records: BatchRecords, at: Callable[[int], None]) -> None:
    other = BatchDeployment(name="other", endpoint="churn", document={}, environment="")
    for second, deployment in enumerate((TREES, other, TREES)):
        at(second)
        records.note_job(deployment, f"batchjob-{second}")

    assert records.jobs("churn") == ["batchjob-2", "batchjob-1", "batchjob-0"]
    assert records.jobs("churn", "trees") == ["batchjob-2", "batchjob-0"]


def test_a_refused_invocation_with_the_name_of_a_job_keeps_the_note_of_that_job(
    records: BatchRecords, at: Callable[[int], None]
) -> None:
    at(0)
    records.note_job(TREES, "scored")
    at(1)
    note = records.note_job(TREES, "scored")
    assert records.jobs("churn") == ["scored"]

    records.forget_note(note)

    assert records.jobs("churn") == ["scored"]


def test_nothing_is_left_of_a_deleted_deployment_and_endpoint(
    records: BatchRecords, documents: MemoryDocuments
) -> None:
    records.create(BatchEndpoint(name="churn-2"))
    records.note_job(TREES, "job")
    records.delete_deployment("churn", "trees")
    assert (records.deployment_names("churn"), records.jobs("churn")) == ([], [])
    records.write(TREES)
    records.note_job(TREES, "job")
    records.note_job(replace(TREES, name="deleted meanwhile"), "job")

    records.delete("churn")

    assert [name for _, name in documents.blobs] == ["batch-endpoints/churn-2/endpoint.json"]
