"""Data of the inputs of jobs."""

import pytest

from mlw.data import job_data
from mlw.data.data_errors import DataNotFoundError
from mlw.data.data_workspace import DataWorkspace
from mlw.jobs.command_jobs import BlobLocation
from tests.support.memory_blobs import MemoryBlobs

LATER = {"type": "uri_file", "path": "azureml://datastores/workspaceblobstore/paths/made/later.csv"}


def test_a_job_needs_its_data_when_it_is_submitted(workspace: DataWorkspace) -> None:
    with pytest.raises(DataNotFoundError, match=r"there is nothing at 'made/later\.csv'"):
        job_data.input_of(workspace, "raw", LATER, job="j")


def test_a_step_may_read_what_an_earlier_step_writes_to_a_datastore(
    workspace: DataWorkspace, blobs: MemoryBlobs
) -> None:
    found = job_data.input_of(workspace, "raw", LATER, job="j", is_step=True)

    assert (found.type, found.location) == (
        "uri_file",
        BlobLocation(container="blobs", name="made/later.csv", is_folder=False),
    )


def test_the_name_in_a_path_is_that_of_the_job(workspace: DataWorkspace, blobs: MemoryBlobs) -> None:
    named = {"type": "uri_folder", "path": "azureml://datastores/workspaceblobstore/paths/runs/${{name}}/"}

    found = job_data.input_of(workspace, "raw", named, job="j-step", is_step=True)

    assert found.location
    assert found.location.name.rstrip("/") == "runs/j-step"
