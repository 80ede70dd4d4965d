"""Properties of a compute, by the names of Azure's ARM type `workspaces/computes`.

ARM's nested objects `properties` and `scaleSettings` are left out, as those of the other resources are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from infra.rules.resources.properties import REQUIRED, Derived, Property

DEFAULT_SIZE, DEFAULT_IDLE_TIME, DEFAULT_NODES = "STANDARD_DS3_V2", "PT120S", 4


def principal_of(compute: str) -> str:
    """Name of the principal of a compute; Azure ignores case in names of computes."""
    return f"compute-{compute.lower()}"


_OF_NAME = Derived(
    "`compute-` and the name; the assigned user of an instance",
    lambda props: str(props.get("assignedUser") or principal_of(str(props.get("name", "")))),
)
_NODES = Derived(
    "4; 1 for an attached engine", lambda props: 1 if props.get("type") == "VirtualMachine" else DEFAULT_NODES
)
_RUNNING = "in place; applies to jobs that start after it"

OF_CLUSTERS = ("vmPriority", "minNodeCount", "maxNodeCount", "nodeIdleTimeBeforeScaleDown")
"""Keys that only a cluster has."""

OF_INSTANCES = ("assignedUser", "idleTimeBeforeShutdown", "schedules")
"""Keys that only an instance has."""

OF_ATTACHED = ("address", "sshPrivateKeyFile")
"""Keys that only an attached engine has."""

FOREIGN: Mapping[str, tuple[str, ...]] = {
    "AmlCompute": (*OF_INSTANCES, *OF_ATTACHED),
    "ComputeInstance": (*OF_CLUSTERS, *OF_ATTACHED),
    # It has nodes, but no size: a job may use the machine.
    "VirtualMachine": ("vmSize", *(key for key in OF_CLUSTERS if key != "maxNodeCount"), *OF_INSTANCES),
}
"""Type of a compute to the keys of the other types."""


class ComputeProperties:
    """A compute: where jobs run, with limits and a principal of its own; or where one user works with notebooks."""

    name: Annotated[
        str,
        Property(
            doc="Name of the compute.",
            default=REQUIRED,
            effect="a new compute with a new principal; jobs and their data are kept, files of an instance are not",
            source="N1, T1",
        ),
    ]
    type: Annotated[
        str,
        Property(
            doc="`AmlCompute` for a cluster, `ComputeInstance` for an instance, `VirtualMachine` for an attached "
            "engine.",
            default=REQUIRED,
        ),
    ]
    vm_size: Annotated[
        str,
        Property(
            doc="Azure's size of a node: its CPUs and memory limit each job, or the instance. See "
            "[computes.md](computes.md).",
            default=DEFAULT_SIZE,
            effect=_RUNNING,
        ),
    ]
    vm_priority: Annotated[
        str,
        Property(
            doc="Of a cluster. `Dedicated`, or `LowPriority`: its jobs wait for those of dedicated computes.",
            default="Dedicated",
            effect=_RUNNING,
        ),
    ]
    min_node_count: Annotated[
        int,
        Property(
            doc="Of a cluster. Nodes that Azure keeps running. A waiting node uses nothing here.",
            default=0,
            effect=_RUNNING,
        ),
    ]
    max_node_count: Annotated[
        int,
        Property(
            doc="Of a cluster or an attached engine. Jobs that run at the same time, 1 to 100.",
            default=_NODES,
            effect=_RUNNING,
        ),
    ]
    node_idle_time_before_scale_down: Annotated[
        str,
        Property(
            doc="Of a cluster. How long Azure keeps an idle node, as an ISO 8601 duration. Kept in the record; a "
            "waiting node uses nothing here.",
            default=DEFAULT_IDLE_TIME,
        ),
    ]
    assigned_user: Annotated[
        str,
        Property(
            doc="Of an instance, required there. The principal who works with it; nobody else can log in.",
            default="",
            effect="in place; sessions of the other user end",
        ),
    ]
    idle_time_before_shutdown: Annotated[
        str,
        Property(
            doc="Of an instance. How long it may be idle before it stops, as an ISO 8601 duration of 15 minutes to 3 "
            "days; left out, it runs until somebody stops it.",
            default="",
            effect="in place",
        ),
    ]
    schedules: Annotated[
        dict[str, Any],
        Property(
            doc="Of an instance. `computeStartStop`: when it starts and stops, as in ARM; see "
            "[schedules.md](schedules.md#compute-instances).",
            default={},
            effect="in place",
        ),
    ]
    address: Annotated[
        str,
        Property(
            doc="Of an attached engine, required there. `ssh://[USER@]HOST[:PORT][/SOCKET]`, or `unix:///SOCKET` for a "
            "second engine on this machine; see [computes.md](computes.md#attached-engines).",
            default="",
            effect="in place; jobs that run on the former engine fail",
        ),
    ]
    ssh_private_key_file: Annotated[
        str,
        Property(
            doc="Of an attached engine. File of this machine with the private key of the login; left out, OpenSSH's "
            "own configuration and agent decide.",
            default="",
            effect=_RUNNING,
        ),
    ]
    description: Annotated[str, Property(doc="What the compute is for.", default="")]
    tags: Annotated[dict[str, str], Property(doc="The compute's own tags; none are inherited.", default={})]
    principal: Annotated[
        str,
        Property(
            doc="Its principal, the identity of its jobs.",
            default=_OF_NAME,
            settable=False,
        ),
    ]
