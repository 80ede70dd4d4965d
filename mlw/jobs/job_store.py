"""Code, data, logs and records of jobs in the storage account: the runner's port `Store`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.blob_streams import BlobStreams
from mlw.assets.asset_references import SCHEME
from mlw.data import job_data, lineage, model_locations
from mlw.data.data_workspace import DataWorkspace
from mlw.data.lineage import Direction, Use
from mlw.jobs import job_paths
from mlw.jobs.command_jobs import BlobLocation, CommandJob
from mlw.jobs.job_errors import JobError
from mlw.jobs.job_records import JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.ports import SourceFile
from mlw.jobs.stored_log import StoredLog
from mlw.tracking import stored_snapshots

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class JobStore:
    """One workspace.

    Attributes:
        assets: Registers data assets and notes who uses them.
        artifacts: Container of the artifact store.
        blob_container: Container of the default blob store, where snapshots are.
    """

    connection: ServiceConnection
    assets: DataWorkspace
    records: JobRecords
    artifacts: str
    blob_container: str

    def state(self, job: str) -> JobState:
        """State of a job."""
        return self.records.state(job)

    def write_state(self, job: str, state: JobState) -> None:
        """Replace the state of a job."""
        self.records.write_state(job, state)

    @contextmanager
    def code(self, snapshot: str) -> Iterator[Iterator[SourceFile]]:
        """Files of a snapshot of code."""
        if not snapshot:
            yield iter(())
            return
        with tempfile.TemporaryDirectory(prefix="mlw-job-code-") as place:
            folder = Path(place)
            names = stored_snapshots.extract(self.connection, self.blob_container, snapshot, folder)
            yield (_local(folder, name) for name in names)

    def data(self, location: BlobLocation) -> Iterator[SourceFile]:
        """Files at a location.

        Raises:
            JobError: There are none.
        """
        blobs, found = BlobStreams(self.connection, location.container), False
        if location.is_folder:
            folder = f"{location.name.rstrip('/')}/" if location.name.strip("/") else ""
            for name, size in blobs.sizes(folder):
                found = True
                yield SourceFile(name=name.removeprefix(folder), size=size, content=_content(blobs, name))
        elif (length := blobs.size(location.name)) is not None:
            found = True
            name = location.name.rpartition("/")[2]
            yield SourceFile(name=name, size=length, content=_content(blobs, location.name))
        if not found:
            raise JobError(
                f"reading an input: container '{location.container}' has no "
                f"{'folder' if location.is_folder else 'file'} '{location.name}'. Check the path of the input."
            )

    def put_output(self, location: BlobLocation, name: str, size: int, content: BinaryIO) -> None:
        """Store a file below a location, or at it if it is not a folder."""
        target = f"{location.name.rstrip('/')}/{name}" if location.is_folder else location.name
        BlobStreams(self.connection, location.container).put(target, content, size)

    def register_output(self, asset: str, location: BlobLocation, job: CommandJob) -> BlobLocation:
        """Make a data asset of a stored output."""
        name, type_ = next((name, one.type) for name, one in job.outputs.items() if one.asset == asset)
        made = job_data.register(self.assets, asset, location, type_=type_, job=job.name)
        use = Use(job=job.name, run=self.state(job.name).run_id, direction=Direction.OUTPUT, name=name)
        lineage.record(self.assets, f"{SCHEME}{made.asset}", use)
        return made

    def note_use(self, job: CommandJob, run: str) -> None:
        """Note which data assets a job uses."""
        for name, given in job.inputs.items():
            if given.location and given.location.asset and given.type not in model_locations.TYPES:
                use = Use(job=job.name, run=run, direction=Direction.INPUT, name=name)
                lineage.record(self.assets, f"{SCHEME}{given.location.asset}", use)

    def put_artifact(self, job: str, name: str, size: int, content: BinaryIO) -> None:
        """Store a default artifact."""
        BlobStreams(self.connection, self.artifacts).put(job_paths.artifact(job, name), content, size)

    def log(self, job: str, start: int = 0) -> StoredLog:
        """Begin the log of a job; of an unfinished one so many bytes are kept."""
        return StoredLog(BlobStreams(self.connection, self.artifacts), job, start)


def _local(folder: Path, name: str) -> SourceFile:
    path = folder / name
    status = path.stat()
    return SourceFile(name=name, size=status.st_size, content=_read(path), mode=status.st_mode & 0o777)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while piece := content.read(_PIECE_BYTES):
            yield piece


def _content(blobs: BlobStreams, name: str) -> Iterator[bytes]:
    yield from blobs.pieces(name) or ()
