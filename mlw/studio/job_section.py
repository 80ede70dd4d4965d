"""Jobs and schedules of a stack in a panel: their records with the credentials that the page uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlw.assets.asset_access import artifact_container_of
from mlw.jobs.job_records import JobRecords
from mlw.schedules.schedule_records import ScheduleRecords
from mlw.studio.panel import Load, PanelRequest
from mlw.studio.stack_access import StackAccess

if TYPE_CHECKING:
    from infra.clients.storage.blob_streams import BlobStreams

STORAGE = "storageAccount"


@dataclass(frozen=True)
class StackJobs:
    """Records of one workspace."""

    access: StackAccess

    @cached_property
    def jobs(self) -> JobRecords:
        """Jobs.

        Raises:
            NoAccessError: The principal may not use the storage account.
        """
        return JobRecords(self._documents("jobs"), self.artifacts)

    @cached_property
    def schedules(self) -> ScheduleRecords:
        """Schedules; raises as :attr:`jobs`."""
        return ScheduleRecords(self._documents("schedules"), self.artifacts)

    @property
    def computes(self) -> Sequence[Mapping[str, Any]]:
        """The stack's output `computes`."""
        return self.access.stack.require_outputs().get("computes") or ()

    @cached_property
    def logs(self) -> BlobStreams:
        """Blobs of the artifact store; raises as :attr:`jobs`."""
        from infra.clients.storage.blob_streams import BlobStreams  # noqa: PLC0415 - needs the account's client

        return BlobStreams(self.access.connection(STORAGE, "reading logs of jobs"), self.artifacts)

    @property
    def artifacts(self) -> str:
        """Name of the container of the artifact store."""
        return artifact_container_of(self.access.stack)

    def _documents(self, subject: str) -> Any:  # noqa: ANN401 - the port of either
        from mlw.jobs.shared_documents import SharedDocuments  # noqa: PLC0415 - likewise

        return SharedDocuments(self.access.connection(STORAGE, f"reading {subject}"), subject)


def has_computes(access: StackAccess) -> bool:
    """Whether the workspace has computes, and so can have jobs."""
    return bool(access.stack.require_outputs().get("computes"))


def jobs_of(access: StackAccess) -> StackJobs:
    """Connect with the credentials that the page uses, when something is read."""
    return StackJobs(access)


def with_jobs(load: Callable[[PanelRequest, StackJobs], Mapping[str, Any]]) -> Load:
    """Make a panel's function of one that needs the records; a workspace without computes has none."""

    def loaded(request: PanelRequest) -> Mapping[str, Any]:
        if not has_computes(request.access):
            return {"has_computes": False}
        return {"has_computes": True, **load(request, jobs_of(request.access))}

    return loaded
