"""Attached engines of a deployed workspace, with the ports that their jobs need, and their state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from infra.clients.engine.attached_engine import AttachedEngine
from infra.errors import EngineError
from mlw.computes.machine import Machine, jobs_share
from mlw.computes.workspace_computes import Compute
from mlw.stacks.stacks import Stack

_LOOK_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineState:
    """What an attached engine says of itself.

    Attributes:
        machine: CPUs, and memory that jobs may use; None if it does not respond.
        version: Of the engine.
        identity: Of the engine.
        error: Why it is of no use.
    """

    machine: Machine | None = None
    version: str = ""
    identity: str = ""
    error: str = ""


def engine_of(stack: Stack, compute: Compute) -> AttachedEngine:
    """The engine of a compute, as its jobs use it."""
    return AttachedEngine(
        compute=compute.name,
        address=compute.address,
        key_file=compute.key_file,
        ports=ports_of(stack),
        stack_id=stack.stack_id,
    )


def ports_of(stack: Stack) -> tuple[int, ...]:
    """Ports of 127.0.0.1 at which the services of a workspace are, also those that others own."""
    endpoints = stack.require_outputs()["endpoints"].values()
    ports = {urlsplit(one if "://" in one else f"//{one}").port for one in map(str, endpoints)}
    return tuple(sorted(port for port in ports if port))


def look(name: str, address: str, key_file: str) -> EngineState:
    """Ask an engine how it is; nothing is created there."""
    engine = AttachedEngine(compute=name, address=address, key_file=key_file)
    try:
        with engine.connect(timeout_seconds=_LOOK_SECONDS) as client:
            info = client.api.info()
    except EngineError as exc:
        return EngineState(error=str(exc))
    finally:
        engine.forget()
    machine = Machine(cpus=int(info["NCPU"]), memory_mib=jobs_share(int(info["MemTotal"])))
    return EngineState(machine=machine, version=str(info["ServerVersion"]), identity=identity_of(info))


def identity_of(info: Mapping[str, Any]) -> str:
    """What tells engines apart; those of one machine may share their id."""
    return f"{info['ID']} {info['DockerRootDir']}"
