"""Records of jobs in the workspace's artifact store.

| Blob | What | Written by |
|---|---|---|
| `jobs/<name>/job.json` | what was submitted; never changes | who submits it, once |
| `jobs/<name>/state.json` | status, times, exit code, outputs | the runner only |
| `jobs/<name>/changes.json` | display name, description, tags, archived | `mlw job update` and `archive` |
| `jobs/-queue/...` | not ended yet; see :mod:`mlw.jobs.queue_entries` | who submits it; removed by the runner |
| `jobs/-cancel/<name>` | a request to cancel | `mlw job cancel`; removed by the runner |
| `jobs/-index/<time>-<name>` | the last submitted first | who submits it |
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, Protocol

from infra.clients.storage.conditional_documents import Document
from infra.errors import MlWorkspaceError
from infra.host.near_names import suggestion
from mlw.jobs.job_state import JobState, now
from mlw.jobs.job_status import JobStatus
from mlw.jobs.queue_entries import QUEUE, QueueEntry

INDEX, CANCEL = "jobs/-index/", "jobs/-cancel/"
"""No name of a job begins with a hyphen."""
COMMAND, PIPELINE, SWEEP = "command", "pipeline", "sweep"
REUSED_JOB = "azureml.reusedrunid"
"""Property of a step's job that did not run: the job whose results it has. Azure's name."""
_LATEST = 9_999_999_999_999
_READERS = 8
_NEAR = 100


class JobNotFoundError(MlWorkspaceError):
    """There is no such job."""


class JobExistsError(MlWorkspaceError):
    """The name of a job is taken."""


class Documents(Protocol):
    """Small blobs; :class:`infra.clients.storage.conditional_documents.ConditionalDocuments` is the real one."""

    def read(self, container: str, name: str, /) -> Document | None:
        """Read one; None if there is none."""

    def create(self, container: str, name: str, content: bytes, /) -> bool:
        """Write one unless it exists."""

    def replace(self, container: str, name: str, content: bytes, /, *, revision: str) -> bool:
        """Replace one unless it has changed."""

    def delete(self, container: str, name: str, /) -> None:
        """Delete one."""

    def names(self, container: str, prefix: str, /) -> Iterator[str]:
        """Names that begin with a prefix, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRecord:
    """What was submitted.

    Attributes:
        type: Azure's type of the job.
        document: The file, normalised.
        command: A :class:`mlw.jobs.command_jobs.CommandJob` as JSON; what a type with child jobs needs instead.
        parent: Name of the job that it is a child of, e.g. of the pipeline of a step; empty for none.
    """

    name: str
    type: str
    document: Mapping[str, Any]
    command: Mapping[str, Any] = field(default_factory=dict)
    display_name: str = ""
    description: str = ""
    experiment: str = ""
    compute: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    rank: int = 1
    created: str = ""
    created_by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A job with its state and what was changed since."""

    record: JobRecord
    state: JobState
    changes: Mapping[str, Any] = field(default_factory=dict)
    is_cancel_requested: bool = False

    @property
    def status(self) -> JobStatus:
        """The status to show."""
        found = self.state.status
        if self.is_cancel_requested and not found.is_final:
            return JobStatus.CANCEL_REQUESTED
        return found

    @property
    def is_archived(self) -> bool:
        """Whether lists omit it."""
        return bool(self.changes.get("archived"))

    def value(self, name: str) -> Any:  # noqa: ANN401 - a field of the record
        """A field that can be changed, as it is now."""
        return self.changes.get(name, getattr(self.record, name))


class JobRecords:
    """Records of one workspace.

    Args:
        documents: The storage account.
        container: Container of the artifact store.
    """

    def __init__(self, documents: Documents, container: str) -> None:
        self._documents, self._container = documents, container

    def submit(self, record: JobRecord, *, is_queued: bool = True) -> JobRecord:
        """Write a record; the job is in the queue of its compute then, unless its pipeline starts it.

        Raises:
            JobExistsError: The name is taken.
        """
        made = JobRecord(**{**_fields(record), "created": now()})
        if self._documents.read(self._container, _blob(record.name, "job")):
            raise _taken(record.name)
        # First, so that a job whose record is there is always found.
        entries = self._enter(record, is_queued=is_queued)
        if not self._documents.create(self._container, _blob(record.name, "job"), _json(asdict(made))):
            for blob in entries:
                self._documents.delete(self._container, blob)
            raise _taken(record.name)
        return made

    def _enter(self, record: JobRecord, *, is_queued: bool) -> list[str]:
        """Make the entries of a submission; another one of the same name in the same millisecond has its own."""
        moment = int(time.time() * 1000)
        while not self._documents.create(self._container, index := _index(record.name, moment), b""):
            moment += 1
        if not is_queued:
            return [index]
        entry = QueueEntry(rank=record.rank, submitted=moment, job=record.name, compute=record.compute)
        self._documents.create(self._container, entry.blob, b"")
        return [index, entry.blob]

    def read(self, name: str) -> Job:
        """Read one job.

        Raises:
            JobNotFoundError: No job has this name.
        """
        found = self._read(name)
        if found is None:
            known = [job for job in islice(self.names(), _NEAR)]
            raise JobNotFoundError(
                f"looking for job '{name}': no such job.{suggestion(name, known)} `mlw job list` shows the last ones."
            )
        return found

    def last(self, *, limit: int, parent: str | None = None, archived: bool | None = False) -> list[Job]:
        """The last submitted jobs, the newest first.

        Args:
            limit: How many at most.
            parent: Only steps of this job; empty for jobs that are no steps, None for all.
            archived: Only archived ones, or only others; None for both.
        """
        found: list[Job] = []
        names = self.names()
        with ThreadPoolExecutor(_READERS) as pool:
            while len(found) < limit and (page := list(islice(names, 2 * _READERS + limit))):
                for job in pool.map(self._read, page):
                    if job and _is_wanted(job, parent=parent, archived=archived):
                        found.append(job)
        return found[:limit]

    def names(self) -> Iterator[str]:
        """Names of all jobs, the last submitted first."""
        for blob in self._documents.names(self._container, INDEX):
            yield blob.removeprefix(INDEX).partition("-")[2]

    def state(self, name: str) -> JobState:
        """The state alone."""
        found = self._documents.read(self._container, _blob(name, "state"))
        return JobState.of(json.loads(found.content)) if found else JobState()

    def write_state(self, name: str, state: JobState) -> None:
        """Replace the state; only the runner does."""
        self._replace(_blob(name, "state"), lambda _: state.as_json())

    def change(self, name: str, **changed: Any) -> None:  # noqa: ANN401 - JSON
        """Change what can be changed: `display_name`, `description`, `tags`, `archived`."""
        self._replace(_blob(name, "changes"), lambda before: {**before, **changed})

    def request_cancel(self, name: str) -> None:
        """Ask the runner to cancel a job."""
        self._documents.create(self._container, f"{CANCEL}{name}", b"")

    def cancels(self) -> set[str]:
        """Jobs that are to be canceled."""
        return {blob.removeprefix(CANCEL) for blob in self._documents.names(self._container, CANCEL)}

    def queue(self) -> list[QueueEntry]:
        """Jobs that have not ended, in the order in which they start."""
        blobs = self._documents.names(self._container, QUEUE)
        return sorted(entry for entry in map(QueueEntry.of, blobs) if entry)

    def leave_queue(self, entry: QueueEntry) -> None:
        """Remove a job that has ended from the queue, with a request to cancel it."""
        self._documents.delete(self._container, entry.blob)
        self.forget_cancel(entry.job)

    def forget_cancel(self, name: str) -> None:
        """Remove a request to cancel a job that has ended."""
        self._documents.delete(self._container, f"{CANCEL}{name}")

    def submitted(self, name: str) -> JobRecord | None:
        """What was submitted; None if there is no such job."""
        found = self._documents.read(self._container, _blob(name, "job"))
        return JobRecord(**json.loads(found.content)) if found else None

    def _read(self, name: str) -> Job | None:
        record = self.submitted(name)
        if record is None:
            return None
        changes = self._documents.read(self._container, _blob(name, "changes"))
        stored = self._documents.read(self._container, _blob(name, "state"))
        waiting = JobState(status=JobStatus.NOT_STARTED if record.parent else JobStatus.QUEUED)
        state = JobState.of(json.loads(stored.content)) if stored else waiting
        cancel = not state.status.is_final and self._documents.read(self._container, f"{CANCEL}{name}")
        return Job(
            record=record,
            state=state,
            changes=json.loads(changes.content) if changes else {},
            is_cancel_requested=bool(cancel),
        )

    def _replace(self, blob: str, make: Any) -> None:  # noqa: ANN401 - a function of the document
        while True:
            found = self._documents.read(self._container, blob)
            content = _json(make(json.loads(found.content) if found else {}))
            if found is None and self._documents.create(self._container, blob, content):
                return
            if found and self._documents.replace(self._container, blob, content, revision=found.revision):
                return


def _is_wanted(job: Job, *, parent: str | None, archived: bool | None) -> bool:
    return (parent is None or job.record.parent == parent) and (archived is None or job.is_archived == archived)


def _index(job: str, moment: int) -> str:
    return f"{INDEX}{_LATEST - moment:013d}-{job}"


def _blob(job: str, what: str) -> str:
    return f"jobs/{job}/{what}.json"


def _fields(record: JobRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in JobRecord.__slots__}


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _taken(name: str) -> JobExistsError:
    return JobExistsError(
        f"submitting job '{name}': there is a job of this name. Choose another one with --name, or none for a new one."
    )
