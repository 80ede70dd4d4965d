"""Which inputs of a job are noted as uses of data assets."""

from mlw.data import lineage
from mlw.data.data_workspace import DataWorkspace
from mlw.jobs.command_jobs import BlobLocation, CommandJob, JobInput
from mlw.jobs.job_store import JobStore


def test_uses_of_data_assets_are_noted_and_not_those_of_models(workspace: DataWorkspace) -> None:
    place = BlobLocation(container="blobs", name="a", asset="iris:1")
    inputs = {
        "data": JobInput(type="uri_folder", location=place),
        "model": JobInput(type="mlflow_model", location=place),
        "plain": JobInput(type="uri_folder", location=BlobLocation(container="blobs", name="b")),
    }
    store = JobStore.__new__(JobStore)
    object.__setattr__(store, "assets", workspace)

    store.note_use(CommandJob(name="j", command="ls", inputs=inputs), "r")

    found = lineage.uses_of(workspace, "azureml:iris:1")
    assert [(one.job, one.run, one.direction, one.name) for one in found] == [("j", "r", "input", "data")]
