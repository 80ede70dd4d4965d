"""Records of schedules in the workspace's artifact store.

| Blob | What | Written by |
|---|---|---|
| `schedules/<name>/schedule.json` | trigger, job, whether it is enabled | commands that change it |
| `schedules/<name>/position.json` | what was due last, and the job that was submitted | `mlw schedule run` |

Both are replaced only if nobody else did so in between.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from infra.rules.schedules.schedule_errors import ScheduleError
from infra.rules.schedules.triggers import Trigger, trigger_of
from mlw.records.named_records import NamedRecords, RecordDocuments, RecordType

FOLDER = "schedules/"
_RECORD, _POSITION = "schedule.json", "position.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """One schedule.

    Attributes:
        trigger: As in the file.
        create_job: The document of the job, which needs no file of this machine; empty for a compute instance.
        create_monitor: As in the file, for a monitor of a deployment, whose job is in `create_job`; otherwise empty.
        facts: Properties of its jobs: facts of git on its code.
        instance: The compute instance that it starts or stops; empty for jobs.
        action: `start` or `stop`.
        set_at: When the trigger was written, ISO 8601; likewise the other times.
        armed: Times that are not later are not due: when it was created, enabled, or got another trigger.
    """

    name: str
    trigger: Mapping[str, Any]
    create_job: Mapping[str, Any]
    create_monitor: Mapping[str, Any] = field(default_factory=dict)
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


def _as_schedule(found: Mapping[str, Any]) -> Schedule:
    return Schedule(**found)


_SCHEDULE = RecordType(
    make=_as_schedule,
    file=f"/{_RECORD}",
    title="schedule",
    hint="`mlw schedule list` shows all.",
    taken="Choose another one with --name, or change the schedule with `mlw schedule update`.",
    error=ScheduleError,
    missing=ScheduleError,
)


class ScheduleRecords(NamedRecords[Schedule]):
    """Records of one workspace.

    Args:
        documents: The storage account.
        container: Container of the artifact store.
    """

    def __init__(self, documents: RecordDocuments, container: str) -> None:
        super().__init__(documents, container, FOLDER, _SCHEDULE)

    def delete(self, name: str) -> None:
        """Delete one with its position; its jobs stay."""
        self.remove(name)
        self._documents.remove(self._container, _position(name))

    def position(self, name: str) -> tuple[Position, str]:
        """What it has done, and the revision of that; an empty revision for nothing."""
        found = self._documents.read(self._container, _position(name))
        return (Position(**json.loads(found.content)), found.revision) if found else (Position(), "")

    def move(self, name: str, position: Position, *, revision: str) -> bool:
        """Replace the position unless it has changed; whether it was written."""
        content, blob = json.dumps(asdict(position)).encode(), _position(name)
        if not revision:
            return self._documents.create(self._container, blob, content)
        return self._documents.replace(self._container, blob, content, revision=revision)


def _position(name: str) -> str:
    return f"{FOLDER}{name}/{_POSITION}"
