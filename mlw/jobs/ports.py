"""What the runner needs of the outside: a store, an engine and a tracking server.

Who holds the rights to start containers stands behind the port `Engine`: now this process, later a gate of its own
(docs/adr). Fakes of all three are enough for tests of the runner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol

from mlw.jobs.command_jobs import BlobLocation, CommandJob
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A file that is put into a container.

    Attributes:
        name: Below the folder that it comes from, or in the container below :data:`mlw.jobs.job_paths.MOUNT`.
        content: Read once, in pieces.
        is_read_only: Whether the command can only read it, although it runs as root: root owns nothing of it and has
            no capabilities.
        is_folder: Whether it is an empty folder.
        owner: User that has it, unless it is read-only.
    """

    name: str
    size: int = 0
    content: Iterable[bytes] = field(default=(), repr=False)
    mode: int = 0o644
    is_read_only: bool = False
    is_folder: bool = False
    owner: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerPlan:
    """A container that is created, not started.

    Attributes:
        job: Name of the job.
        root: Name of the job that it belongs to: itself, or the pipeline job of a step.
        image: Reference of an image that the engine has.
        command: The program with its arguments; no secrets.
        networks: The engine's networks that it is in.
        cpus: How many; 0 for all of the engine.
        memory_mib: Limit; 0 for none.
        shm_bytes: Size of ``/dev/shm``; 0 for the engine's default.
    """

    job: str
    root: str
    image: str
    command: tuple[str, ...]
    networks: tuple[str, ...] = ()
    cpus: float = 0
    memory_mib: int = 0
    shm_bytes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerState:
    """State of a job's container.

    Attributes:
        status: The engine's word: ``created``, ``running``, ``exited``, ...
        was_started: Whether its command has ever run.
        is_out_of_memory: Whether the kernel killed a process of it because of its memory limit.
        memory_mib: That limit; 0 for none.
        cpus: Its limit of CPUs; 0 for none.
        started_at: When its command was started, as the engine writes it; empty for never.
        ended_at: When it ended; empty while it runs.
    """

    status: str
    was_started: bool = False
    exit_code: int = 0
    is_out_of_memory: bool = False
    memory_mib: int = 0
    started: datetime | None = None
    cpus: float = 0
    started_at: str = ""
    ended_at: str = ""

    @property
    def is_running(self) -> bool:
        """Whether its command runs."""
        return self.status in {"running", "paused", "restarting"}


class Engine(Protocol):
    """Containers of jobs; each job has one container with one volume, both named and labelled after it."""

    def state(self, job: str, /) -> ContainerState | None:
        """State of its container; None if there is none."""

    def create(self, plan: ContainerPlan, /) -> None:
        """Create volume and container."""

    def put(self, job: str, files: Iterable[SourceFile], /) -> None:
        """Write files to the volume, and the folders above them; no file is held in memory."""

    def start(self, job: str, /) -> None:
        """Run the command."""

    def log(self, job: str, /) -> Iterator[bytes]:
        """Output of the command from its beginning, until it ends."""

    def log_end(self, job: str, /) -> bytes:
        """The last output of a command that has ended."""

    def signal(self, job: str, signal: str, /) -> None:
        """Send a signal to the command; one that has ended is ignored."""

    def take(self, job: str, folder: str, /) -> Iterator[tuple[str, int, BinaryIO]]:
        """Name, size and content of each file below a folder; each is read before the next one."""

    def remove(self, job: str, /) -> None:
        """Remove container and volume; missing ones are ignored."""

    def jobs(self) -> dict[str, str]:
        """Name of every job that has a container or a volume, to its root."""


class LogSink(Protocol):
    """Stores the log of a job while it is written."""

    def write(self, chunk: bytes, /) -> None:
        """Add output."""

    def note(self, text: str, /) -> None:
        """Add a line of the runner's own."""

    @property
    def size(self) -> int:
        """Bytes that it has."""

    @property
    def is_full(self) -> bool:
        """Whether nothing more is kept until the command has ended."""

    def end(self, chunk: bytes, /) -> None:
        """Add the end of a log that was full."""

    @property
    def tail(self) -> str:
        """The last lines."""

    def close(self) -> None:
        """Store all of it in its final place."""


class Store(Protocol):
    """Records and logs of jobs: what the runner writes, not the job."""

    def state(self, job: str, /) -> JobState:
        """State of a job."""

    def write_state(self, job: str, state: JobState, /) -> None:
        """Replace the state of a job; only the runner does."""

    def note_use(self, job: CommandJob, run: str, /) -> None:
        """Note which data assets a job uses."""

    def log(self, job: str, start: int = 0, /) -> LogSink:
        """Begin the log of a job; of an unfinished one so many bytes are kept."""


class JobData(Protocol):
    """Code, inputs and outputs of jobs, read and written with the rights of their compute.

    All of it raises :class:`mlw.jobs.job_errors.ComputeRightsError` if these do not suffice.
    """

    def code(self, snapshot: str, /) -> AbstractContextManager[Iterator[SourceFile]]:
        """Files of a snapshot of code."""

    def data(self, location: BlobLocation, /) -> Iterator[SourceFile]:
        """Files at a location; the name of a single file is its last segment."""

    def put_output(self, location: BlobLocation, name: str, size: int, content: BinaryIO, /) -> None:
        """Store a file below a location, or at it if it is not a folder."""

    def register_output(self, asset: str, location: BlobLocation, job: CommandJob, run: str, /) -> BlobLocation:
        """Make a data asset of a stored output, or a version of a model, if that is its type."""

    def put_artifact(self, job: str, name: str, size: int, content: BinaryIO, /) -> None:
        """Store a default artifact, e.g. ``outputs/model.pkl``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackedRun:
    """An MLflow run; empty ids without tracking."""

    run_id: str = ""
    experiment_id: str = ""


class Tracking(Protocol):
    """MLflow runs of jobs."""

    def start(self, job: CommandJob, /) -> TrackedRun:
        """Make the run of a job."""

    def end(self, run: TrackedRun, status: JobStatus, outputs: Mapping[str, BlobLocation] | None = None, /) -> None:
        """Set the final status, and say which data assets the outputs became."""


class Environments(Protocol):
    """Images of environments."""

    def image_of(self, job: CommandJob, note: LogSink, /) -> str:
        """Reference of an image that the engine has; what it is built of and notices go to the log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRights:
    """What a job may use of the workspace.

    Attributes:
        variables: Environment variables with endpoints inside the network and credentials.
        files: Files that the variables name, below the mount.
        networks: The engine's networks that the services are in.
        cpus: Of a node of the compute; 0 for all of the engine.
        memory_mib: Of a node of the compute; 0 for no limit.
        notices: What the user should know about it.
    """

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: tuple[SourceFile, ...] = ()
    networks: tuple[str, ...] = ()
    cpus: float = 0
    memory_mib: int = 0
    notices: tuple[str, ...] = ()


class Access(Protocol):
    """What jobs may use of the workspace, with the rights of their computes."""

    def rights_of(self, job: CommandJob, run: TrackedRun, /) -> JobRights:
        """The rights of one job."""

    def data_of(self, job: CommandJob, /) -> JobData:
        """The storage account, with the rights of one job."""

    def extend(self, job: CommandJob, token: str, /) -> None:
        """Extend the login of a job to the key vault, whose token expires otherwise."""

    def forget(self, compute: str, /) -> None:
        """Read the credentials of a compute again next time: they may have been replaced."""
