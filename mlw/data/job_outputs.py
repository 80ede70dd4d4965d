"""Where an output of a job is: where its record says, in the default place if there is no record any more."""

from __future__ import annotations

from infra.host.near_names import suggestion
from infra.rules.datastores.default_datastores import ARTIFACT_STORE, BLOB_STORE
from mlw.data.data_errors import DataNotFoundError
from mlw.data.data_locations import DataLocation, is_folder_type
from mlw.data.data_workspace import DataWorkspace
from mlw.data.datastore_uris import JobUri
from mlw.jobs import job_paths
from mlw.jobs.command_jobs import BlobLocation
from mlw.jobs.job_records import REUSED_JOB, JobRecords
from mlw.jobs.shared_documents import SharedDocuments

ARTIFACTS = "artifacts"
"""Azure's name of the default artifacts of a job among its outputs."""


def location_of(workspace: DataWorkspace, uri: JobUri, type_: str, doing: str) -> DataLocation:
    """Find an output of a job.

    Args:
        workspace: The workspace.
        uri: The job and its output.
        type_: Type of the input that it is for.
        doing: For messages.

    Raises:
        DataNotFoundError: The job has no such output, or has not stored it yet.
    """
    records = JobRecords(SharedDocuments(workspace.connection), workspace.artifact_container)
    if uri.output == ARTIFACTS:
        # What a reused step wrote is at the job that ran.
        record = records.submitted(uri.job)
        job = record.properties.get(REUSED_JOB, uri.job) if record else uri.job
        return _in(workspace, ARTIFACT_STORE, job_paths.artifacts(job), uri, type_)
    stored = _stored(records, uri, doing)
    if stored is None:
        return _in(workspace, BLOB_STORE, job_paths.default_output(uri.job, uri.output), uri, type_)
    return _in(workspace, workspace.datastore_of(stored.container), stored.name, uri, type_)


def _stored(records: JobRecords, uri: JobUri, doing: str) -> BlobLocation | None:
    record, state = records.submitted(uri.job), records.state(uri.job)
    if uri.output in state.outputs or record is None:
        return state.outputs.get(uri.output)
    stage = "" if state.status.is_final else f" yet: the job is {state.status}"
    raise DataNotFoundError(
        f"{doing}: job '{uri.job}' has not stored an output '{uri.output}'{stage}."
        f"{suggestion(uri.output, state.outputs)} Its outputs: {', '.join(sorted(state.outputs)) or 'none'}, and "
        f"'{ARTIFACTS}', the folders `outputs` and `logs`."
    )


def _in(workspace: DataWorkspace, datastore: str, root: str, uri: JobUri, type_: str) -> DataLocation:
    return DataLocation(
        type=type_,
        datastore=datastore,
        container=workspace.container_of(datastore, f"looking for '{uri.output}' of job '{uri.job}'"),
        name=f"{root}/{uri.path}" if uri.path else root,
        is_folder=is_folder_type(type_),
    )
