"""Computes of a deployed workspace that run jobs, with the limits of a job on this machine.

Compute instances run none; see `mlw.computes.instances`.

The stack's outputs name the computes; sizes become CPUs and memory here, because only the engine's machine knows what
it has. A job of a compute that is larger than the machine gets all of it, and a notice says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.errors import MlWorkspaceError
from infra.host.near_names import suggestion
from infra.rules.computes.attached_rules import ATTACHED
from infra.rules.computes.compute_rules import LOCAL
from infra.rules.computes.durations import duration_seconds
from infra.rules.computes.instance_rules import INSTANCE
from infra.rules.computes.vm_sizes import VmSize, find_vm_size
from mlw.computes.machine import MIB_PER_GIB, Machine, engines_machine
from mlw.stacks.stacks import Stack


class NoSuchComputeError(MlWorkspaceError):
    """The workspace has no such compute."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compute:
    """Where jobs run.

    Attributes:
        type: `AmlCompute`, `VirtualMachine`, or `local`.
        vm_size: Azure's name of the size, in upper case; only a cluster has one.
        cpus: Limit of one job; 0 for the CPUs of an attached engine, which is not asked here.
        memory_mib: Limit of one job; 0 likewise.
        max_nodes: Jobs that run at the same time.
        priority: `Dedicated` or `LowPriority`.
        principal: The identity of its jobs.
        notices: What is less than the size says, one sentence each.
        address: Of an attached engine.
        key_file: File with the private key of the login to its machine; empty for OpenSSH's own choice.
    """

    name: str
    type: str
    vm_size: str
    cpus: float
    memory_mib: int
    min_nodes: int
    max_nodes: int
    idle_seconds: int
    priority: str
    principal: str
    notices: tuple[str, ...] = ()
    address: str = ""
    key_file: str = ""

    @property
    def is_attached(self) -> bool:
        """Whether its jobs run on an engine of its own."""
        return bool(self.address)


def computes_of(stack: Stack, machine: Machine | None = None) -> list[Compute]:
    """The computes of a stack that run jobs, `local` first; empty if it has none.

    Args:
        stack: A stack that is up.
        machine: The engine's machine; asks the engine by default.

    Raises:
        NotUpError: The stack has never been deployed successfully.
        EngineUnreachableError: The engine is not running.
    """
    listed = [entry for entry in stack.require_outputs().get("computes") or () if entry["type"] != INSTANCE]
    if not listed:
        return []
    known = machine or engines_machine()
    return [_MAKERS.get(entry["type"], _cluster)(entry, known) for entry in listed]


def find_compute(stack: Stack, name: str, machine: Machine | None = None) -> Compute:
    """The compute of a name; case does not matter.

    Raises:
        NoSuchComputeError: The message lists the computes.
    """
    computes = computes_of(stack, machine)
    found = next((compute for compute in computes if compute.name.lower() == name.lower()), None)
    if found is None:
        known = [compute.name for compute in computes]
        if any(entry["name"].lower() == name.lower() for entry in stack.require_outputs().get("computes") or ()):
            raise NoSuchComputeError(
                f"looking for compute '{name}': it is a compute instance, which runs notebooks and no jobs. Computes "
                f"that run jobs: {', '.join(known)}."
            )
        raise no_such_compute(stack.name, name, known)
    return found


def no_such_compute(stack: str, name: str, known: Iterable[str]) -> NoSuchComputeError:
    """The error for a compute that a stack does not have."""
    names = list(known)
    advice = "" if names else f" Create one: `mlw compute create {stack} --name {name} --type AmlCompute`."
    return NoSuchComputeError(
        f"looking for compute '{name}': no such compute in stack '{stack}'.{suggestion(name, names)} "
        f"Computes: {', '.join(names) or 'none'}.{advice}"
    )


def _local(entry: Mapping[str, Any], machine: Machine) -> Compute:
    return Compute(
        name=entry["name"],
        type=entry["type"],
        vm_size="",
        cpus=machine.cpus,
        memory_mib=machine.memory_mib,
        min_nodes=0,
        max_nodes=1,
        idle_seconds=0,
        priority="Dedicated",
        principal=entry["principal"],
    )


def _attached(entry: Mapping[str, Any], _machine: Machine) -> Compute:
    return Compute(
        name=entry["name"],
        type=entry["type"],
        vm_size="",
        cpus=0,
        memory_mib=0,
        min_nodes=0,
        max_nodes=int(entry["maxNodeCount"]),
        idle_seconds=0,
        priority="Dedicated",
        principal=entry["principal"],
        address=entry["address"],
        key_file=entry["sshPrivateKeyFile"],
    )


def _cluster(entry: Mapping[str, Any], machine: Machine) -> Compute:
    # A size of a later version is unknown to this one: the machine is the limit.
    size = find_vm_size(entry["vmSize"]) or VmSize(entry["vmSize"], machine.cpus, machine.memory_mib / MIB_PER_GIB)
    wanted_mib = int(size.memory_gib * MIB_PER_GIB)
    return Compute(
        name=entry["name"],
        type=entry["type"],
        vm_size=size.name,
        cpus=min(size.cpus, machine.cpus),
        memory_mib=min(wanted_mib, machine.memory_mib),
        min_nodes=int(entry["minNodeCount"]),
        max_nodes=int(entry["maxNodeCount"]),
        idle_seconds=duration_seconds(entry["nodeIdleTimeBeforeScaleDown"]) or 0,
        priority=entry["vmPriority"],
        principal=entry["principal"],
        notices=_notices(entry["name"], size, machine),
    )


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], Machine], Compute]] = {LOCAL: _local, ATTACHED: _attached}
"""What makes a compute of an entry, by its type; others are clusters."""


def _notices(name: str, size: VmSize, machine: Machine) -> tuple[str, ...]:
    less = []
    if size.cpus > machine.cpus:
        less.append(f"{machine.cpus} CPUs instead of {size.cpus}")
    if size.memory_gib * MIB_PER_GIB > machine.memory_mib:
        less.append(f"{machine.memory_mib / MIB_PER_GIB:.1f} GiB of memory instead of {size.memory_gib:g}")
    if not less:
        return ()
    return (
        f"A job on compute '{name}' gets {' and '.join(less)}: that is what this machine has for jobs, and less than "
        f"{size.name}.",
    )
