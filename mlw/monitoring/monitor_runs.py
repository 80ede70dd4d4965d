"""Jobs of monitors: what they are given when they are submitted, and what they have found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlw.data import data_lookup
from mlw.data.data_errors import DataNotFoundError
from mlw.data.data_workspace import DataWorkspace
from mlw.monitoring import monitor_results
from mlw.monitoring.monitor_documents import SETTINGS

if TYPE_CHECKING:
    from mlw.jobs.job_workspace import JobWorkspace


def without_empty(workspace: DataWorkspace, document: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a job without inputs of production data that does not exist yet.

    Raises:
        MlWorkspaceError: A data asset does not exist, or may not be read.
    """
    inputs = dict(document["inputs"])
    for name in {one["production"]["input"] for one in document[SETTINGS]["signals"]}:
        try:
            data_lookup.resolve(workspace, inputs[name])
        except DataNotFoundError:
            del inputs[name]
    return {**document, "inputs": inputs}


def result_of(workspace: JobWorkspace, job: str) -> dict[str, Any] | None:
    """What a job has found; None if it has not ended, or failed."""
    from infra.clients.storage.blob_streams import BlobStreams  # noqa: PLC0415 - needs the storage account's client

    found = monitor_results.read(BlobStreams(workspace.connection, workspace.artifacts), job)
    return {"job": job, **{key: found[key] for key in ("status", "alerts", "skipped")}} if found else None
