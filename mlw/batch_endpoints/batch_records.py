"""Records of batch endpoints in the workspace's artifact store.

| Blob | What |
|---|---|
| `batch-endpoints/<endpoint>/endpoint.json` | texts, the default deployment |
| `batch-endpoints/<endpoint>/deployments/<deployment>.json` | the file, and where its model and code are stored |
| `batch-jobs/<endpoint>/<deployment>/<time>-<job>` | a job that was submitted, the last one first |

Jobs are records of their own and stay when an endpoint is deleted. That an endpoint was invoked is in a folder of its
own, because roles may invoke endpoints that they may not change.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlw.batch_endpoints.batch_errors import BatchEndpointError, BatchEndpointNotFoundError
from mlw.online_endpoints.endpoint_records import DeployedModel
from mlw.records.authored import Authored
from mlw.records.endpoint_folders import DEPLOYMENT_FILE, ENDPOINT_FILE, EndpointFolders
from mlw.records.named_records import RecordDocuments, RecordType

FOLDER, JOBS = "batch-endpoints/", "batch-jobs/"
_LATEST = 9_999_999_999_999


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchEndpoint(Authored):
    """One endpoint.

    Attributes:
        default_deployment: The deployment that is invoked if none is named; empty for none.
    """

    name: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    default_deployment: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchDeployment(Authored):
    """One deployment.

    Attributes:
        document: The file, normalised.
        environment: What its jobs run in: the file's, or that of the model.
        code: Hash of the snapshot of its code; empty for a model of MLflow without a script.
        script: Path of the scoring script in that.
    """

    name: str
    endpoint: str
    document: Mapping[str, Any]
    environment: Mapping[str, Any] | str
    model: DeployedModel | None = None
    code: str = ""
    script: str = ""


class BatchRecords(EndpointFolders[BatchEndpoint, BatchDeployment]):
    """Records of one workspace.

    Args:
        documents: The storage account.
        container: Container of the artifact store.
        invoked: The storage account as well; its errors name the operation that invoking needs.
    """

    def __init__(self, documents: RecordDocuments, container: str, *, invoked: RecordDocuments | None = None) -> None:
        super().__init__(documents, container, FOLDER, _ENDPOINT, _DEPLOYMENT)
        self._invoked = invoked or documents

    def note_job(self, deployment: BatchDeployment, job: str) -> str:
        """Note a job of a deployment; returns the note."""
        moment = _LATEST - time.time_ns() // 1_000_000
        blob = f"{_jobs(deployment.endpoint, deployment.name)}{moment:013d}-{job}"
        self._invoked.create(self._container, blob, b"")
        return blob

    def forget_note(self, note: str) -> None:
        """Remove the note of a job that could not be submitted; an earlier job of the same name keeps its own."""
        self._documents.remove(self._container, note)

    def jobs(self, endpoint: str, deployment: str = "") -> list[str]:
        """Names of the jobs of an endpoint, or of one deployment; the last submitted first."""
        blobs = sorted(self._job_blobs(endpoint, deployment), key=lambda one: one.rpartition("/")[2])
        # Twice if an invocation with the name of a job was refused, and its role may not remove the note.
        return list(dict.fromkeys(_job_of(one) for one in blobs))

    def delete_deployment(self, endpoint: str, name: str) -> None:
        """Delete a deployment; its jobs stay."""
        self._forget_jobs(endpoint, name)
        super().delete_deployment(endpoint, name)

    def delete(self, endpoint: str) -> None:
        """Delete an endpoint with its deployments; its jobs stay."""
        self._forget_jobs(endpoint)
        super().delete(endpoint)

    def _forget_jobs(self, endpoint: str, deployment: str = "") -> None:
        for blob in self._job_blobs(endpoint, deployment):
            self._documents.remove(self._container, blob)

    def _job_blobs(self, endpoint: str, deployment: str) -> list[str]:
        return list(self._documents.names(self._container, _jobs(endpoint, deployment)))


def _job_of(blob: str) -> str:
    return blob.rpartition("/")[2].partition("-")[2]


def _jobs(endpoint: str, deployment: str) -> str:
    return f"{JOBS}{endpoint}/{deployment}/" if deployment else f"{JOBS}{endpoint}/"


def _as_endpoint(found: Mapping[str, Any]) -> BatchEndpoint:
    return BatchEndpoint(**found)


def _as_deployment(found: Mapping[str, Any]) -> BatchDeployment:
    model = found.get("model")
    return BatchDeployment(**{**found, "model": DeployedModel(**model) if model else None})


_ENDPOINT = RecordType(
    make=_as_endpoint,
    file=ENDPOINT_FILE,
    title="batch endpoint",
    hint="`mlw batch-endpoint list` shows all.",
    taken="Choose another one with --name, or change the endpoint with `mlw batch-endpoint update`.",
    error=BatchEndpointError,
    missing=BatchEndpointNotFoundError,
)
_DEPLOYMENT = RecordType(
    make=_as_deployment,
    file=DEPLOYMENT_FILE,
    title="deployment",
    error=BatchEndpointError,
    missing=BatchEndpointNotFoundError,
)
