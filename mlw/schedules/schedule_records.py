"""Records of schedules in the workspace's artifact store.

| Blob | What | Written by |
|---|---|---|
| `schedules/<name>/schedule.json` | trigger, job, whether it is enabled | commands that change it |
| `schedules/<name>/position.json` | what was due last, and the job that was submitted | `mlw schedule run` |

Both are replaced only if nobody else did so in between.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from infra.clients.storage.conditional_documents import Document
from infra.host.near_names import suggestion
from infra.rules.schedules.schedule_errors import ScheduleError
from infra.rules.schedules.triggers import Trigger, trigger_of

FOLDER = "schedules/"
_RECORD, _POSITION = "schedule.json", "position.json"


class Documents(Protocol):
    """Small blobs; :class:`mlw.jobs.shared_documents.SharedDocuments` is the real one."""

    def read(self, container: str, name: str, /) -> Document | None:
        """Read one; None if there is none."""

    def create(self, container: str, name: str, content: bytes, /) -> bool:
        """Write one unless it exists."""

    def replace(self, container: str, name: str, content: bytes, /, *, revision: str) -> bool:
        """Replace one unless it has changed."""

    def remove(self, container: str, name: str, /) -> None:
        """Delete one."""

    def names(self, container: str, prefix: str, /) -> Iterator[str]:
        """Names that begin with a prefix, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """One schedule.

    Attributes:
        trigger: As in the file.
        create_job: The document of the job, which needs no file of this machine; empty for a compute instance.
        facts: Properties of its jobs: facts of git on its code.
        instance: The compute instance that it starts or stops; empty for jobs.
        action: `start` or `stop`.
        set_at: When the trigger was written, ISO 8601; likewise the other times.
        armed: Times that are not later are not due: when it was created, enabled, or got another trigger.
    """

    name: str
    trigger: Mapping[str, Any]
    create_job: Mapping[str, Any]
    display_name: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    instance: str = ""
    action: str = ""
    is_enabled: bool = True
    set_at: str = ""
    armed: str = ""
    created: str = ""
    created_by: str = ""
    changed: str = ""
    changed_by: str = ""

    @property
    def times(self) -> Trigger:
        """When it is due."""
        return trigger_of(self.trigger, datetime.fromisoformat(self.set_at), f"reading schedule '{self.name}'")


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """What a schedule has done.

    Attributes:
        armed: The schedule's, as it was then; another one there means that this does not count any more.
        due: The last due time whose job was submitted, ISO 8601; empty for none.
        job: Name of that job; empty if an instance was started or stopped.
        taken: A due time whose job is being submitted; empty for none.
        taken_at: When that began.
        error: Why the last due job was not submitted; empty if it was.
    """

    armed: str = ""
    due: str = ""
    job: str = ""
    taken: str = ""
    taken_at: str = ""
    error: str = ""


class ScheduleRecords:
    """Records of one workspace.

    Args:
        documents: The storage account.
        container: Container of the artifact store.
    """

    def __init__(self, documents: Documents, container: str) -> None:
        self._documents, self._container = documents, container

    def names(self) -> list[str]:
        """Names of all schedules."""
        found = (name.removeprefix(FOLDER) for name in self._documents.names(self._container, FOLDER))
        return [name.removesuffix(f"/{_RECORD}") for name in found if name.endswith(f"/{_RECORD}")]

    def all(self) -> list[Schedule]:
        """All schedules."""
        return [found for name in self.names() if (found := self._read(name))]

    def read(self, name: str) -> Schedule:
        """Read one.

        Raises:
            ScheduleError: No schedule has this name.
        """
        return self._read(name) or _missing(name, self.names())

    def create(self, schedule: Schedule) -> None:
        """Write a new one.

        Raises:
            ScheduleError: The name is taken.
        """
        if not self._documents.create(self._container, _blob(schedule.name, _RECORD), _json(asdict(schedule))):
            raise ScheduleError(
                f"creating schedule '{schedule.name}': there is a schedule of this name. Choose another one with "
                f"--name, or change it: `mlw schedule update STACK --name {schedule.name} --file FILE`."
            )

    def change(self, name: str, change: Callable[[Schedule], Schedule]) -> Schedule:
        """Change one.

        Raises:
            ScheduleError: No schedule has this name.
        """
        while True:
            found = self._documents.read(self._container, _blob(name, _RECORD))
            if found is None:
                return _missing(name, self.names())
            before = Schedule(**json.loads(found.content))
            after = change(before)
            if after == before or self._documents.replace(
                self._container, _blob(name, _RECORD), _json(asdict(after)), revision=found.revision
            ):
                return after

    def delete(self, name: str) -> None:
        """Delete one with its position; its jobs stay."""
        for what in (_RECORD, _POSITION):
            self._documents.remove(self._container, _blob(name, what))

    def position(self, name: str) -> tuple[Position, str]:
        """What it has done, and the revision of that; an empty revision for nothing."""
        found = self._documents.read(self._container, _blob(name, _POSITION))
        return (Position(**json.loads(found.content)), found.revision) if found else (Position(), "")

    def move(self, name: str, position: Position, *, revision: str) -> bool:
        """Replace the position unless it has changed; whether it was written."""
        content, blob = _json(asdict(position)), _blob(name, _POSITION)
        if not revision:
            return self._documents.create(self._container, blob, content)
        return self._documents.replace(self._container, blob, content, revision=revision)

    def _read(self, name: str) -> Schedule | None:
        found = self._documents.read(self._container, _blob(name, _RECORD))
        return Schedule(**json.loads(found.content)) if found else None


def _blob(name: str, what: str) -> str:
    return f"{FOLDER}{name}/{what}"


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _missing(name: str, known: list[str]) -> Schedule:
    raise ScheduleError(
        f"looking for schedule '{name}': no such schedule.{suggestion(name, known)} `mlw schedule list` shows all."
    )
