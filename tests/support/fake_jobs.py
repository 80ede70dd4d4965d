"""Fakes of the runner's ports: an engine whose commands are Python functions, a store in memory, a tracking server."""

import io
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from infra.errors import EngineUnreachableError
from mlw.jobs.command_jobs import BlobLocation, CommandJob
from mlw.jobs.command_runner import CommandRunner
from mlw.jobs.dispatcher import JobStop
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.ports import ContainerPlan, ContainerState, JobRights, SourceFile, TrackedRun


@dataclass
class FakeContainer:
    """One container: its files, its output, its state."""

    plan: ContainerPlan
    state: ContainerState = field(default_factory=lambda: ContainerState(status="created"))
    files: dict[str, bytes] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    output: list[bytes] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    signals: list[str] = field(default_factory=list)

    def exit(self, code: int = 0, **changed: object) -> None:
        """End the command."""
        self.state = replace(self.state, status="exited", was_started=True, exit_code=code, **changed)  # type: ignore[arg-type]
        self.ended.set()


Command = Callable[[FakeContainer], None]


class FakeEngine:
    """Runs a function when a container starts; by default it succeeds at once."""

    def __init__(self, command: Command = lambda container: container.exit()) -> None:
        self.command = command
        self.containers: dict[str, FakeContainer] = {}
        self.plans: list[ContainerPlan] = []
        self.removed: list[str] = []
        self.interruptions = 0
        self.on_signal: Callable[[FakeContainer, str], None] = lambda container, _signal: container.exit(143)

    def state(self, job: str) -> ContainerState | None:
        found = self.containers.get(job)
        return found.state if found else None

    def create(self, plan: ContainerPlan) -> None:
        self.plans.append(plan)
        self.containers[plan.job] = FakeContainer(plan)

    def put(self, job: str, files: Iterable[SourceFile]) -> None:
        for one in files:
            if not one.is_folder:
                self.containers[job].files[one.name] = b"".join(one.content)
                self.containers[job].modes[one.name] = one.mode

    def start(self, job: str) -> None:
        container = self.containers[job]
        container.state = replace(container.state, status="running", was_started=True)
        self.command(container)

    def log(self, job: str) -> Iterator[bytes]:
        container = self.containers[job]
        yield from list(container.output)
        if self.interruptions:
            self.interruptions -= 1
            raise EngineUnreachableError("using the Docker engine: it does not answer.")
        container.ended.wait(20)

    def log_end(self, job: str) -> bytes:
        return b"".join(self.containers[job].output)[-10:]

    def signal(self, job: str, signal: str) -> None:
        self.containers[job].signals.append(signal)
        self.on_signal(self.containers[job], signal)

    def take(self, job: str, folder: str) -> Iterator[tuple[str, int, BinaryIO]]:
        for name, content in self.containers[job].files.items():
            if name == folder or name.startswith(f"{folder}/"):
                yield name.removeprefix(folder).strip("/"), len(content), io.BytesIO(content)

    def remove(self, job: str) -> None:
        if self.containers.pop(job, None):
            self.removed.append(job)

    def jobs(self) -> dict[str, str]:
        return {name: one.plan.root for name, one in self.containers.items()}


class FakeLog:
    """A log in memory."""

    def __init__(self) -> None:
        self.content = b""
        self.is_closed = False
        self.room = 1 << 20

    def write(self, chunk: bytes) -> None:
        self.content += chunk

    def note(self, text: str) -> None:
        self.write(f"mlw: {text}\n".encode())

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def is_full(self) -> bool:
        return len(self.content) >= self.room

    def end(self, chunk: bytes) -> None:
        self.content += b"..." + chunk

    @property
    def tail(self) -> str:
        return self.content.decode()[-200:]

    def close(self) -> None:
        self.is_closed = True


class FakeStore:
    """States, artifacts, outputs and logs in memory; also the data of jobs."""

    def __init__(self) -> None:
        self.states: dict[str, JobState] = {}
        self.history: list[JobStatus] = []
        self.artifacts: dict[str, bytes] = {}
        self.outputs: dict[str, bytes] = {}
        self.registered: list[str] = []
        self.used: list[str] = []
        self.logs: dict[str, FakeLog] = {}
        self.snapshots: dict[str, dict[str, bytes]] = {}
        self.blobs: dict[str, bytes] = {}
        self.failures: list[Exception] = []

    def state(self, job: str) -> JobState:
        return self.states.get(job, JobState())

    def write_state(self, job: str, state: JobState) -> None:
        self.history.append(state.status)
        self.states[job] = state

    @contextmanager
    def code(self, snapshot: str) -> Iterator[Iterator[SourceFile]]:
        files = self.snapshots.get(snapshot, {})
        yield (SourceFile(name=name, size=len(content), content=(content,)) for name, content in files.items())

    def data(self, location: BlobLocation) -> Iterator[SourceFile]:
        for name, content in self.blobs.items():
            if name.startswith(location.name):
                short = name.removeprefix(location.name).strip("/") or name.rpartition("/")[2]
                yield SourceFile(name=short, size=len(content), content=(content,))

    def put_output(self, location: BlobLocation, name: str, _size: int, content: BinaryIO) -> None:
        self.outputs[f"{location.name}/{name}" if location.is_folder else location.name] = content.read()

    def note_use(self, job: CommandJob, _run: str) -> None:
        self.used += [given.location.asset for given in job.inputs.values() if given.location and given.location.asset]

    def register_output(self, asset: str, location: BlobLocation, _job: CommandJob, _run: str) -> BlobLocation:
        self.registered.append(asset)
        return replace(location, asset=asset)

    def put_artifact(self, job: str, name: str, _size: int, content: BinaryIO) -> None:
        if self.failures:
            raise self.failures.pop()
        self.artifacts[f"{job}/{name}"] = content.read()

    def log(self, job: str, _start: int = 0) -> FakeLog:
        self.logs[job] = FakeLog()
        return self.logs[job]


class FakeTracking:
    """Runs in memory."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.ended: dict[str, JobStatus] = {}
        self.outputs: dict[str, dict[str, BlobLocation]] = {}

    def start(self, job: CommandJob) -> TrackedRun:
        self.started.append(job.name)
        return TrackedRun(run_id=f"run-{job.name}", experiment_id="1")

    def end(self, run: TrackedRun, status: JobStatus, outputs: Mapping[str, BlobLocation] | None = None) -> None:
        self.ended[run.run_id] = status
        self.outputs[run.run_id] = dict(outputs or {})


class FakeAccess:
    """Gives every job the same rights."""

    def __init__(self) -> None:
        self.rights = JobRights(variables={"SECRET": "it's"}, networks=("net",), cpus=2, memory_mib=512)
        self.data = FakeStore()
        self.extended: list[tuple[str, str]] = []
        self.forgotten: list[str] = []
        self.on_extend: Callable[[], None] = lambda: None

    def rights_of(self, _job: CommandJob, _run: TrackedRun) -> JobRights:
        return self.rights

    def data_of(self, _job: CommandJob) -> FakeStore:
        return self.data

    def extend(self, job: CommandJob, token: str) -> None:
        self.extended.append((job.name, token))
        self.on_extend()

    def forget(self, compute: str) -> None:
        self.forgotten.append(compute)


@dataclass
class FakeImages:
    """Has one image."""

    image: str = "image"
    on_image: Callable[[], None] = lambda: None

    def image_of(self, _job: CommandJob, _note: FakeLog) -> str:
        self.on_image()
        return self.image


@dataclass
class FakeWorkspace:
    """All fakes, and a runner that uses them."""

    engine: FakeEngine = field(default_factory=FakeEngine)
    store: FakeStore = field(default_factory=FakeStore)
    tracking: FakeTracking = field(default_factory=FakeTracking)
    access: FakeAccess = field(default_factory=FakeAccess)
    images: FakeImages = field(default_factory=FakeImages)
    reports: list[str] = field(default_factory=list)
    noted: list[tuple[str, ContainerState]] = field(default_factory=list)

    @property
    def runner(self) -> CommandRunner:
        """The runner."""
        self.access.data = self.store
        return CommandRunner(
            store=self.store, engine=self.engine, tracking=self.tracking, environments=self.images,  # type: ignore[arg-type]
            access=self.access, blob_container="blobs", stop_seconds=0.3, report=self.reports.append,
            note_usage=lambda job, container: self.noted.append((job.name, container)),
        )  # fmt: skip


def canceled(reason: str = "canceled by a request") -> JobStop:
    """A request to cancel."""
    stop = JobStop()
    stop.set(reason)
    return stop


def greeting(document: Mapping[str, object]) -> dict[str, object]:
    """The command document of a type of job that only tests have."""
    return {
        "command": f"greet {document['whom']}",
        "environment": "azureml:sklearn@latest",
        "program": "greeting",
        "notices": ["greetings are short"],
        "outputs": {"letter": {"type": "uri_file"}},
    }
