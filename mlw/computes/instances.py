"""Compute instances of a deployed workspace: their settings, and whether they run.

The stack's outputs name them; the engine knows their state, which neither the state nor the stack file has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.clients.engine import engine_queries
from infra.errors import MlWorkspaceError
from infra.instance_service import COMPUTE_INSTANCE
from infra.rules.computes.instance_rules import INSTANCE
from infra.rules.names.engine_names import physical_name
from mlw.computes.workspace_computes import no_such_compute
from mlw.stacks.stacks import Stack, open_stack

_MIB = 2**20
_STATES: Mapping[str, str] = {
    "running": "Running",
    "created": "Stopped",
    "exited": "Stopped",
    "restarting": "Starting",
    "paused": "Suspended",
}
"""The engine's words for a container to Azure's for an instance."""

MISSING = "Missing"
RUNNING, STOPPED = "Running", "Stopped"


class NotAnInstanceError(MlWorkspaceError):
    """The compute is a cluster, which is neither started nor stopped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """A compute instance.

    Attributes:
        entry: Its entry in the stack's output `computes`.
        container: Name of its container.
        state: `Running`, `Stopped`, `Starting`, `Suspended`, or `Missing` without a container.
        cpus: Its limit; 0 without a container.
        memory_mib: Its limit; 0 without a container.
    """

    stack: str
    entry: Mapping[str, Any]
    container: str
    state: str
    cpus: float
    memory_mib: int

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.entry["name"])

    @property
    def user(self) -> str:
        """The principal who works with it."""
        return str(self.entry["assignedUser"])

    @property
    def endpoint(self) -> str:
        """Its address."""
        return str(self.entry["endpoint"])


def instances_of(stack: Stack) -> list[Instance]:
    """The compute instances of a stack.

    Raises:
        NotUpError: The stack has never been deployed successfully.
        EngineUnreachableError: The engine is not running.
    """
    outputs = stack.require_outputs()
    entries = [entry for entry in outputs.get("computes") or () if entry["type"] == INSTANCE]
    if not entries:
        return []
    workspace = physical_name(str(outputs["workspace"]["name"]))
    with engine_queries.connect() as query:
        return [_instance(stack.name, entry, workspace, query) for entry in entries]


def find_instance(stack: str, name: str) -> Instance:
    """The instance of a name; case does not matter.

    Raises:
        NoSuchComputeError: The message lists the instances.
        NotAnInstanceError: The compute is a cluster.
    """
    opened = open_stack(stack)
    known = instances_of(opened)
    found = next((one for one in known if one.name.lower() == name.lower()), None)
    if found is not None:
        return found
    others = [str(entry["name"]) for entry in opened.require_outputs().get("computes") or ()]
    if name.lower() in map(str.lower, others):
        raise NotAnInstanceError(
            f"looking for compute instance '{name}': it is not an instance of stack '{stack}', but runs jobs, which "
            f"start it when they need it. Instances: {', '.join(one.name for one in known) or 'none'}."
        )
    raise no_such_compute(stack, name, [one.name for one in known])


def _instance(stack: str, entry: Mapping[str, Any], workspace: str, query: engine_queries.Query) -> Instance:
    container = f"{workspace}-{COMPUTE_INSTANCE.engine_role}-{str(entry['name']).lower()}"
    found = query(f"/containers/{container}/json")
    host = found["HostConfig"] if found else {}
    return Instance(
        stack=stack,
        entry=entry,
        container=container,
        state=_STATES.get(found["State"]["Status"], STOPPED) if found else MISSING,
        cpus=int(host.get("CpuQuota") or 0) / int(host.get("CpuPeriod") or 1),
        memory_mib=int(host.get("Memory") or 0) // _MIB,
    )
