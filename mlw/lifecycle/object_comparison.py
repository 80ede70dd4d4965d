"""Compares the stack's objects on the engine with its state.

Pure: :mod:`mlw.lifecycle.engine_objects` lists and removes. There are orphans (on the engine, not in the state: left by
a killed run), lost objects (in the state, not on the engine: removed outside of the project) and stopped containers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mlw.lifecycle.checkpoints import DockerObject

_DRIVE = re.compile(r"(.+-storage)-data\d")
"""Name of a storage account's drive, as the component makes it."""

RESERVATION = "reservation"
"""Kind of the empty volume that reserves ports and a subnet; it holds no data and is in no state."""

REMOVAL_ORDER = ("container", "network", "volume", RESERVATION)
"""A network or volume cannot be removed while a container uses it; ports are reserved as long as one publishes them."""


@dataclass(frozen=True)
class EngineObject:
    """A container, network, volume or reservation on the engine that carries the stack's labels."""

    kind: str
    id: str
    name: str
    running: bool = True
    """Meaningful for containers."""
    is_of_job: bool = False
    """Whether it is a job's or a deployment's: in no state, and removed by a process of `mlw`."""

    def __str__(self) -> str:
        """Kind and name, as in messages."""
        return f"{self.kind} '{self.name}'"


@dataclass(frozen=True)
class Comparison:
    """The engine compared with the state."""

    orphans: tuple[EngineObject, ...]
    """On the engine, not in the state."""

    lost: tuple[DockerObject, ...]
    """In the state, not on the engine."""

    stopped: tuple[DockerObject, ...]
    """Containers in the state that exist, are not running, and should."""

    @property
    def removable_orphans(self) -> list[EngineObject]:
        """Orphans that hold no data, in the order of removal."""
        return in_removal_order([o for o in self.orphans if o.kind != "volume"])

    @property
    def orphan_volumes(self) -> list[EngineObject]:
        """Orphans with data: kept, and reused by the program."""
        return [o for o in self.orphans if o.kind == "volume"]


def irreplaceable(lost: Sequence[DockerObject]) -> list[DockerObject]:
    """Lost objects whose data is lost with them.

    One drive of a storage account does not count: an empty one replaces it, and the account rebuilds it from the parity
    on the others (docs/adr/0003).
    """
    volumes = [item for item in lost if item.kind == "volume"]
    accounts = Counter(match[1] for item in volumes if (match := _DRIVE.fullmatch(item.name)))
    return [item for item in volumes if not (match := _DRIVE.fullmatch(item.name)) or accounts[match[1]] > 1]


def compare(
    on_engine: Sequence[EngineObject], in_state: Sequence[DockerObject], *, is_reserved: bool = True
) -> Comparison:
    """Compare the objects on the engine with the state.

    Args:
        on_engine: The stack's objects on the engine.
        in_state: Those in its state.
        is_reserved: Whether the state has a reservation; otherwise one on the engine is an orphan.
    """
    known = {(o.kind, o.id) for o in in_state}
    present = {(o.kind, o.id): o for o in on_engine}
    stopped = {key for key, o in present.items() if o.kind == "container" and not o.running}
    return Comparison(
        orphans=tuple(
            o
            for key, o in present.items()
            if key not in known and not o.is_of_job and not (is_reserved and o.kind == RESERVATION)
        ),
        lost=tuple(o for o in in_state if (o.kind, o.id) not in present),
        stopped=tuple(o for o in in_state if (o.kind, o.id) in stopped and not o.may_stop),
    )


def in_removal_order(found: Sequence[EngineObject]) -> list[EngineObject]:
    """Sort objects so that none is removed while another one uses it."""
    return sorted(found, key=lambda o: (REMOVAL_ORDER.index(o.kind), o.name))


def describe(found: Sequence[EngineObject | DockerObject]) -> str:
    """Name objects in one line."""
    return ", ".join(f"{o.kind} '{o.name}'" for o in found)
