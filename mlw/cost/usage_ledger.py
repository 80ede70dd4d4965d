"""When each container of a stack existed and ran, and how large its volumes were: what `mlw cost` charges for.

One file for each stack in `MLW_HOME`, by its identity, so that it survives the stack. Two sources fill it: the states
of the stacks (when a container was created and removed, with its limits), and samples of the engine (since when it has
been running, the size of the volumes). Nothing is estimated here; :mod:`mlw.cost.running_time` tells measured time from
assumed time.

`containers` are those of the states; `outside` are those that no state has, of jobs and online deployments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.host import atomic_files, file_locks
from mlw.activity import activity_places
from mlw.activity.events import in_rfc3339

if TYPE_CHECKING:
    from mlw.activity.snapshots import Snapshot

KEPT_HOURLY = timedelta(days=62)
"""After that, one size of a volume is kept for each day instead of each hour."""

_NEVER = "0001-01-01"

Ledger = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunningState:
    """A container on the engine at the time of a sample.

    Attributes:
        started: When it was last started; empty if never.
        finished: When it last ended, before or after that; empty if never.
    """

    running: bool
    started: str
    finished: str


def identities() -> list[str]:
    """Identities of all stacks with a ledger."""
    return sorted(path.stem for path in activity_places.usage().glob("*.json"))


def read(identity: str) -> Ledger:
    """The ledger of a stack; an empty one if there is none, or if it is damaged."""
    try:
        found = json.loads(_file(identity).read_bytes())
    except (OSError, ValueError):
        found = {}
    empty: Ledger = {"stack": "", "workspaceId": "", "resources": {}, "requests": {}}
    empty |= {"containers": {}, "outside": {}, "volumes": {}}
    return {**empty, **found} if isinstance(found, dict) else empty


def note_change(stack: str, before: Snapshot, after: Snapshot, *, at: datetime) -> None:
    """Note what a change of the state has created and removed.

    Args:
        stack: Name of the stack.
        before: What its state contained.
        after: What it contains now.
        at: When that was found.
    """
    identity = after.identity or before.identity
    if not identity:
        return
    with _changing(identity) as ledger:
        ledger["stack"] = stack
        ledger["workspaceId"] = after.workspace_id or before.workspace_id or ledger["workspaceId"]
        for resource_id, held in {**before.resources, **after.resources}.items():
            tags = held["properties"].get("tags")
            ledger["resources"][resource_id] = {"type": held["type"], "tags": tags if isinstance(tags, dict) else {}}
        for container_id, held in {**before.containers, **after.containers}.items():
            known = ledger["containers"].setdefault(container_id, {"runs": [], "removed": ""})
            known |= held
        for name, held in {**before.volumes, **after.volumes}.items():
            ledger["volumes"].setdefault(_key(name, held), {"name": name, "sizes": [], "removed": "", **held})
        _note_removed(ledger["containers"], set(after.containers), at)
        if before.containers and not after.containers:
            # They go with the stack.
            _note_removed(ledger["outside"], set(), at)
        _note_removed(ledger["volumes"], {_key(name, held) for name, held in after.volumes.items()}, at)


def note_stop(identity: str, *, at: datetime) -> None:
    """All containers of a stack were removed, although its state keeps them: it is soft-deleted."""
    with _changing(identity) as ledger:
        _note_removed(ledger["containers"], set(), at)
        _note_removed(ledger["outside"], set(), at)


def note_sample(
    identity: str,
    containers: Mapping[str, RunningState],
    volumes: Mapping[str, int],
    *,
    at: datetime,
    outside: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Add what the engine says.

    Args:
        identity: The stack.
        containers: Each of its containers, by id.
        volumes: Sizes of its volumes in bytes, by name.
        at: When.
        outside: Those of the containers that no state has and that keep running: their entries in the ledger, by id.
    """
    with _changing(identity) as ledger:
        for container_id, entry in (outside or {}).items():
            ledger["outside"].setdefault(container_id, dict(entry))
        for container_id, known in [*ledger["containers"].items(), *ledger["outside"].items()]:
            if state := containers.get(container_id):
                _note_run(known["runs"], state, at)
            elif not known["removed"]:
                # Removed by somebody else: known to have run only as long as it was seen.
                last = known["runs"][-1] if known["runs"] else None
                known["removed"] = (last["finished"] or last["seen"]) if last else known["created"]
        for known in ledger["volumes"].values():
            if not known["removed"] and known["name"] in volumes:
                known["sizes"] = _thinned([*known["sizes"], [in_rfc3339(at), volumes[known["name"]]]], at)


def note_outside(
    identity: str,
    key: str,
    entry: Mapping[str, Any],
    *,
    of: tuple[str, str],
    state: RunningState | None = None,
    at: datetime | None = None,
) -> None:
    """Note a container that no state has; one that is noted already keeps its entry.

    Args:
        identity: The stack.
        of: Name of the stack and id of its workspace, in case nothing of it is known yet.
        key: What tells it from others.
        entry: Its name, resource and limits, and when it ran as far as that is known.
        state: How it ran, if it is being removed.
        at: When that was found.
    """
    with _changing(identity) as ledger:
        ledger["stack"], ledger["workspaceId"] = ledger["stack"] or of[0], ledger["workspaceId"] or of[1]
        known = ledger["outside"].setdefault(key, dict(entry))
        if state and at and not known["removed"]:
            _note_run(known["runs"], state, at)
            known["removed"] = in_rfc3339(at)


def moment_of_engine(text: str | None) -> str:
    """A time of the engine; empty for its zero."""
    return "" if not text or text.startswith(_NEVER) else text


def note_requests(identity: str, resource_id: str, counts: Mapping[str, int]) -> None:
    """Note how many requests there were on each day; a day never becomes less, because old telemetry is removed."""
    with _changing(identity) as ledger:
        for day, count in counts.items():
            known = ledger["requests"].get(day, {}).get("count", 0)
            ledger["requests"][day] = {"resourceId": resource_id, "count": max(known, count)}


def _note_run(runs: list[dict[str, str]], state: RunningState, at: datetime) -> None:
    if not state.started:
        return
    last = runs[-1] if runs else None
    if last is None or last["started"] != state.started:
        if last and not last["finished"] and last["seen"] <= state.finished <= state.started:
            last["finished"] = state.finished
        last = {"started": state.started, "seen": "", "finished": ""}
        runs.append(last)
    last["seen"] = in_rfc3339(at)
    if not state.running:
        last["finished"] = state.finished


def _note_removed(held: Mapping[str, dict[str, Any]], present: set[str], at: datetime) -> None:
    for key, known in held.items():
        if key not in present and not known["removed"]:
            known["removed"] = in_rfc3339(at)


def _thinned(sizes: list[list[Any]], now: datetime) -> list[list[Any]]:
    """The last size of each hour, of long ago of each day."""
    limit = in_rfc3339(now - KEPT_HOURLY)
    newest = {moment[:13] if moment >= limit else moment[:10]: [moment, size] for moment, size in sizes}
    return sorted(newest.values())


def _key(name: str, held: Mapping[str, Any]) -> str:
    """A volume that was removed and made again is another one."""
    return f"{name} {held['created']}"


@contextmanager
def _changing(identity: str) -> Iterator[Ledger]:
    with file_locks.hold(activity_places.usage() / "lock", "noting usage"):
        ledger = read(identity)
        yield ledger
        atomic_files.write(_file(identity), json.dumps(ledger))


def _file(identity: str) -> Path:
    return activity_places.usage() / f"{identity}.json"
