"""What commands on jobs and the runner need of a stack: its records, its containers of blobs, its runner."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from infra import labels
from infra.clients.state import known_stacks
from infra.rules.datastores.default_datastores import BLOB_STORE
from mlw.assets.asset_access import artifact_container_of
from mlw.jobs.job_records import JobRecords

if TYPE_CHECKING:
    from infra.clients.service_connection import ServiceConnection
    from mlw.stacks.stacks import Stack


@dataclass(frozen=True)
class JobWorkspace:
    """Jobs of one stack, with the keys of the stack or of a principal."""

    stack: Stack
    connection: ServiceConnection

    @cached_property
    def artifacts(self) -> str:
        """Container of the artifact store."""
        return artifact_container_of(self.stack)

    @cached_property
    def blob_container(self) -> str:
        """Container of the default blob store."""
        stores = self.stack.require_outputs()["datastores"]
        return next(str(one["container"]) for one in stores if one["name"] == BLOB_STORE)

    @cached_property
    def records(self) -> JobRecords:
        """The records."""
        from mlw.jobs.shared_documents import SharedDocuments  # noqa: PLC0415 - needs the storage account's client

        return JobRecords(SharedDocuments(self.connection), self.artifacts)

    @property
    def labels(self) -> dict[str, str]:
        """Labels of every object of a job."""
        workspace = str(self.stack.workspace["id"])
        return {
            labels.ID: self.stack.stack_id,
            labels.RESOURCE_ID: f"{workspace}/jobs",
            labels.STACK: self.stack.name,
            labels.MADE_BY: known_stacks.describe_origin(),
        }
