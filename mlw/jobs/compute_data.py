"""Code, inputs and outputs of jobs in the storage account, with the keys of their compute: the port `JobData`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.blob_files import is_forbidden
from infra.clients.storage.blob_streams import BlobStreams
from infra.errors import ServiceError
from mlw.assets.asset_references import SCHEME
from mlw.data import job_data, lineage, model_locations
from mlw.data.data_errors import DataForbiddenError
from mlw.data.data_workspace import DataWorkspace
from mlw.data.lineage import Direction, Use
from mlw.jobs import job_paths, model_outputs
from mlw.jobs.command_jobs import BlobLocation, CommandJob
from mlw.jobs.job_errors import ComputeRightsError, JobError
from mlw.jobs.ports import SourceFile
from mlw.jobs.snapshot_files import code_files
from mlw.jobs.tar_streams import ChunkReader
from mlw.tracking.code_snapshot import CodeSnapshotForbiddenError
from mlw.tracking.model_file import ModelSpec
from mlw.tracking.registered_models import ModelType
from mlw.tracking.tracking_client import TrackingClient


@dataclass(frozen=True, kw_only=True)
class ComputeData:
    """One workspace, with the keys of one compute.

    Attributes:
        compute: Name of the compute.
        principal: Name of its principal.
        connection: The storage account with the principal's keys.
        assets: Registers data assets with the same keys.
        tracking: Connects to the tracking server with the login of the same principal; None in a workspace without one.
        artifacts: Container of the artifact store.
        blob_container: Container of the default blob store, where snapshots are.
    """

    compute: str
    principal: str
    connection: ServiceConnection
    assets: DataWorkspace
    artifacts: str
    blob_container: str
    tracking: Callable[[], TrackingClient] | None = None

    @contextmanager
    def code(self, snapshot: str) -> Iterator[Iterator[SourceFile]]:
        """Files of a snapshot of code."""
        with ExitStack() as opening:
            with self._using("reading the code"):
                found = opening.enter_context(code_files(self.connection, self.blob_container, snapshot))
            yield found

    def data(self, location: BlobLocation) -> Iterator[SourceFile]:
        """Files at a location.

        Raises:
            JobError: There are none.
        """
        blobs, found = BlobStreams(self.connection, location.container), False
        doing = f"reading input '{location.name}' of container '{location.container}'"
        with self._using(doing):
            if location.is_folder:
                folder = f"{location.name.rstrip('/')}/" if location.name.strip("/") else ""
                sizes = [(name, name.removeprefix(folder), size) for name, size in blobs.sizes(folder)]
            else:
                length = blobs.size(location.name)
                sizes = [] if length is None else [(location.name, location.name.rpartition("/")[2], length)]
        for blob, name, size in sizes:
            found = True
            yield SourceFile(name=name, size=size, content=self._content(blobs, blob, doing))
        if not found:
            what = "folder" if location.is_folder else "file"
            empty = ", and whether the job that should write the folder did: an empty one is not stored"
            raise JobError(
                f"reading an input: container '{location.container}' has no {what} '{location.name}'. Check the path "
                f"of the input{empty if location.is_folder else ''}."
            )

    def put_output(self, location: BlobLocation, name: str, size: int, content: BinaryIO) -> None:
        """Store a file below a location, or at it if it is not a folder."""
        target = f"{location.name.rstrip('/')}/{name}" if location.is_folder else location.name
        with self._using(f"storing output '{location.name}' in container '{location.container}'"):
            BlobStreams(self.connection, location.container).put(target, content, size)

    def register_output(self, asset: str, location: BlobLocation, job: CommandJob, run: str) -> BlobLocation:
        """Make a data asset of a stored output, or a version of a model, if that is what it is."""
        name, type_ = next((name, one.type) for name, one in job.outputs.items() if one.asset == asset)
        if type_ in model_locations.TYPES and self.tracking and run:
            spec = ModelSpec(
                name=asset.partition(":")[0],
                path=name,
                version=asset.partition(":")[2],
                type=ModelType(type_),
                properties={"job": job.name, "output": name},
            )
            return self._register_model(self.tracking(), spec, location, run)
        with self._using(f"registering output '{name}' as data asset '{asset}'"):
            made = job_data.register(self.assets, asset, location, type_=type_, job=job.name)
            use = Use(job=job.name, run=run, direction=Direction.OUTPUT, name=name)
            lineage.record(self.assets, f"{SCHEME}{made.asset}", use)
        return made

    def _register_model(
        self, client: TrackingClient, spec: ModelSpec, location: BlobLocation, run: str
    ) -> BlobLocation:
        def put(folder: str, one: SourceFile) -> None:
            place = BlobLocation(container=self.artifacts, name=folder)
            self.put_output(place, one.name, one.size, cast("BinaryIO", ChunkReader(one.content)))

        made = model_outputs.register(client, spec, lambda: self.data(location), put, run=run)
        return replace(location, asset=made)

    def put_artifact(self, job: str, name: str, size: int, content: BinaryIO) -> None:
        """Store a default artifact."""
        with self._using(f"storing '{name}' in the artifact store"):
            BlobStreams(self.connection, self.artifacts).put(job_paths.artifact(job, name), content, size)

    def _content(self, blobs: BlobStreams, name: str, doing: str) -> Iterator[bytes]:
        with self._using(doing):
            yield from blobs.pieces(name) or ()

    @contextmanager
    def _using(self, doing: str) -> Iterator[None]:
        """Say whose rights do not suffice."""
        try:
            yield
        except (ServiceError, DataForbiddenError, CodeSnapshotForbiddenError) as exc:
            if isinstance(exc, ServiceError) and not is_forbidden(exc.__cause__):
                raise
            raise ComputeRightsError(
                f"{doing}: the storage account does not allow it to '{self.principal}', the principal of compute "
                f"'{self.compute}', which is the identity of its jobs. `mlw roles list` shows the rights of its role."
            ) from exc
