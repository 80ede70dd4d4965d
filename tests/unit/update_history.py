"""Finished updates as Pulumi's file backend records them, for tests of the activity log."""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mlw.activity import events, run_notes
from mlw.activity.events import Event
from mlw.activity.run_notes import Note
from mlw.lifecycle.stack_context import Context
from mlw.stacks.stacks import context_of
from tests.unit.states import Place, Resource, a_checkpoint, a_workspace, write

RUN = "Microsoft.Resources/deployments"
STORAGE = "Microsoft.Storage/storageAccounts"
CREATED = [
    "Microsoft.Resources/subscriptions/resourceGroups/write",
    f"{STORAGE}/write",
    "Microsoft.ContainerRegistry/registries/write",
    "Microsoft.KeyVault/vaults/write",
    "Microsoft.Insights/components/write",
    "Microsoft.MachineLearningServices/workspaces/write",
    "Microsoft.MachineLearningServices/workspaces/datastores/write",
]
BEGIN = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@dataclass
class History:
    """One stack of a file backend, and its updates."""

    place: Place
    stack: str = "dev"
    count: int = 0
    now: datetime = field(default=BEGIN)

    @property
    def context(self) -> Context:
        """The stack."""
        return context_of(self.stack)

    def edit(self, resources: list[Resource] | None) -> None:
        """Change the state without an update; None removes it."""
        if resources is None:
            (self.place.states / f"{self.stack}.json").unlink()
        else:
            self.place.deploy(self.stack, resources)

    def update(
        self,
        resources: list[Resource],
        *,
        note: Note | None = None,
        kind: str = "update",
        result: str = "succeeded",
        agent: str = "",
    ) -> str:
        """Finish an update that leaves these resources; returns the name of its record."""
        self.edit(resources)
        self.count += 1
        self.now += timedelta(minutes=1)
        name = f"{self.stack}-{int(self.now.timestamp()) * 10**9 + self.count}"
        folder = self.place.state / ".pulumi" / "history" / "ml-workspace" / self.stack
        told = run_notes.agent_of(note.run) if note else agent
        entry: dict[str, Any] = {
            "kind": kind,
            "startTime": int(self.now.timestamp()) - 5,
            "endTime": int(self.now.timestamp()),
            "environment": {"exec.agent": told} if told else {},
            "result": result,
            "resourceChanges": {"create": len(resources)},
        }
        write(folder / f"{name}.history.json", json.dumps(entry).encode())
        write(folder / f"{name}.checkpoint.json", a_checkpoint(resources, stack=self.stack))
        return f"{name}.history.json"

    def begin(self, verb: str = "up") -> Note:
        """Begin a run of this process, which started long ago by the clock of the history."""
        begun = run_notes.begin(self.stack, verb=verb, backend=self.context.backend_id)
        moment = int(self.now.timestamp()) * 10**9
        os.utime(begun.path, ns=(moment, moment))
        return next(n for n in run_notes.notes(self.context.backend_id) if n.run.id == begun.run.id)


def resources(stack: str = "dev", **changed: object) -> list[Resource]:
    """A workspace, created after `BEGIN`; properties of its storage account may be changed."""
    found = a_workspace(stack)
    for resource in found:
        resource["created"] = events.in_rfc3339(BEGIN + timedelta(seconds=58))
        if resource["type"].endswith(":StorageAccount"):
            resource["inputs"] |= changed
    return found


def lines(found: list[Event]) -> list[str]:
    """Operation and status of each event."""
    return [f"{event['operationName']} {event['status']}" for event in found]


def kill(note_path: Path) -> None:
    """Make a note say that its process has ended."""
    content = json.loads(note_path.read_bytes())
    status = note_path.stat()
    note_path.write_text(json.dumps({**content, "pid": 2**22 + 1}))
    os.utime(note_path, ns=(status.st_atime_ns, status.st_mtime_ns))
