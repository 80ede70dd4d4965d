"""Computes and compute instances, with names that do harm where a page does not escape them."""

from mlw.computes.instances import Instance
from mlw.computes.workspace_computes import Compute
from tests.support.insights_rows import EVIL

CLUSTERS = [
    Compute(
        name=name, type="AmlCompute", vm_size="STANDARD_DS3_V2", cpus=4, memory_mib=14336, min_nodes=0, max_nodes=2,
        idle_seconds=120, priority="Dedicated", principal=f"compute-{name}",
    )
    for name in ("cpu", EVIL)
]  # fmt: skip
INSTANCES = [
    Instance(
        stack="dev", entry={"name": f"ci-{state}", "assignedUser": EVIL, "endpoint": "http://127.0.0.1:1"},
        container="ci", state=state, cpus=2, memory_mib=2048,
    )
    for state in ("Running", "Stopped", "Missing")
]  # fmt: skip
