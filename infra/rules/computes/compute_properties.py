"""Properties of a compute, by the names of Azure's ARM type `workspaces/computes`.

ARM's nested objects `properties` and `scaleSettings` are left out, as those of the other resources are.
"""

from __future__ import annotations

from typing import Annotated

from infra.rules.resources.properties import REQUIRED, Derived, Property

DEFAULT_SIZE, DEFAULT_IDLE_TIME = "STANDARD_DS3_V2", "PT120S"


def principal_of(compute: str) -> str:
    """Name of the principal of a compute; Azure ignores case in names of computes."""
    return f"compute-{compute.lower()}"


_OF_NAME = Derived("`compute-` and the name", lambda props: principal_of(str(props.get("name", ""))))
_RUNNING = "in place; applies to jobs that start after it"


class ComputeProperties:
    """A compute: where jobs run, with limits and a principal of its own."""

    name: Annotated[
        str,
        Property(
            doc="Name of the compute.",
            default=REQUIRED,
            effect="a new compute with a new principal; jobs and their data are kept",
            source="N1, T1",
        ),
    ]
    type: Annotated[str, Property(doc="`AmlCompute`.", default=REQUIRED)]
    vm_size: Annotated[
        str,
        Property(
            doc="Azure's size of a node: its CPUs and memory limit each job. See [computes.md](computes.md).",
            default=DEFAULT_SIZE,
            effect=_RUNNING,
        ),
    ]
    vm_priority: Annotated[
        str,
        Property(
            doc="`Dedicated`, or `LowPriority`: its jobs wait for those of dedicated computes.",
            default="Dedicated",
            effect=_RUNNING,
        ),
    ]
    min_node_count: Annotated[
        int,
        Property(doc="Nodes that Azure keeps running. A waiting node uses nothing here.", default=0, effect=_RUNNING),
    ]
    max_node_count: Annotated[
        int, Property(doc="Jobs that run at the same time, 1 to 100.", default=4, effect=_RUNNING)
    ]
    node_idle_time_before_scale_down: Annotated[
        str,
        Property(
            doc="How long Azure keeps an idle node, as an ISO 8601 duration. Kept in the record; a waiting node uses "
            "nothing here.",
            default=DEFAULT_IDLE_TIME,
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
