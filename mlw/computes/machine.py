"""The engine's machine, which no job can use more of than it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.clients.engine import engine_queries

MIB_PER_GIB = 1024
_SHARE = 0.75
"""What jobs may use of the memory: the services of workspaces need the rest, and the kernel must not end them."""


@dataclass(frozen=True, slots=True)
class Machine:
    """CPUs, and memory that jobs may use."""

    cpus: int
    memory_mib: int


def engines_machine() -> Machine:
    """The machine of the engine that Docker's own CLI would use.

    Raises:
        EngineUnreachableError: It is not running.
    """
    with engine_queries.connect() as query:
        return machine_of(query("/info"))


def machine_of(info: Mapping[str, Any]) -> Machine:
    """The machine that an engine says it has."""
    return Machine(cpus=int(info["NCPU"]), memory_mib=jobs_share(int(info["MemTotal"])))


def jobs_share(memory_bytes: int) -> int:
    """What jobs may use of a machine's memory, in MiB."""
    return int(memory_bytes * _SHARE) >> 20
