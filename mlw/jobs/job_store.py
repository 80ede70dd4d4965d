"""Records and logs of jobs in the storage account, with the stack's keys: the runner's port `Store`."""

from __future__ import annotations

from dataclasses import dataclass

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.blob_streams import BlobStreams
from mlw.assets.asset_references import SCHEME
from mlw.data import lineage, model_locations
from mlw.data.data_workspace import DataWorkspace
from mlw.data.lineage import Direction, Use
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.job_records import JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.stored_log import StoredLog


@dataclass(frozen=True, kw_only=True)
class JobStore:
    """One workspace.

    Attributes:
        assets: Notes who uses data assets.
        artifacts: Container of the artifact store.
    """

    connection: ServiceConnection
    assets: DataWorkspace
    records: JobRecords
    artifacts: str

    def state(self, job: str) -> JobState:
        """State of a job."""
        return self.records.state(job)

    def write_state(self, job: str, state: JobState) -> None:
        """Replace the state of a job."""
        self.records.write_state(job, state)

    def note_use(self, job: CommandJob, run: str) -> None:
        """Note which data assets a job uses."""
        for name, given in job.inputs.items():
            if given.location and given.location.asset and given.type not in model_locations.TYPES:
                use = Use(job=job.name, run=run, direction=Direction.INPUT, name=name)
                lineage.record(self.assets, f"{SCHEME}{given.location.asset}", use)

    def log(self, job: str, start: int = 0) -> StoredLog:
        """Begin the log of a job; of an unfinished one so many bytes are kept."""
        return StoredLog(BlobStreams(self.connection, self.artifacts), job, start)
