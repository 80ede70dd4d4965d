"""Rules for the list of computes: names, types, sizes, numbers of nodes, and what a workspace with computes needs.

Sources: N1 and T1 (names), Q1 (nodes of a cluster).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from infra.rules.computes.attached_rules import check_attached
from infra.rules.computes.compute_properties import DEFAULT_IDLE_TIME, DEFAULT_NODES, DEFAULT_SIZE, principal_of
from infra.rules.computes.durations import duration_seconds
from infra.rules.computes.instance_rules import INSTANCE, check_keys_of_type, check_shutdown
from infra.rules.computes.start_stop_schedules import check_schedules
from infra.rules.computes.vm_sizes import find_vm_size, has_gpu, near_vm_size
from infra.rules.names.name_rules import ResourceKind
from infra.rules.names.naming import check_name
from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation, one_of

NAME = "computes"
KEY = f"ml-workspace:{NAME}"
LOCAL = "local"
"""The compute that every workspace with computes has: one node, as large as the engine's machine."""

MAX_NODES = 100


class ComputeType(StrEnum):
    """What a compute is. Not its size."""

    AML_COMPUTE = "AmlCompute"
    """A cluster of nodes that run jobs."""

    COMPUTE_INSTANCE = "ComputeInstance"
    """A workstation with notebooks for one user."""

    VIRTUAL_MACHINE = "VirtualMachine"
    """An attached Docker engine, which runs jobs."""


class Priority(StrEnum):
    """Which jobs start first. Not a price."""

    DEDICATED = "Dedicated"
    LOW = "LowPriority"


_NOT_HERE: Mapping[str, str] = {
    "kubernetes": "jobs run as containers of this machine's engine, not in a Kubernetes cluster",
    "aks": "jobs run as containers of this machine's engine, not in a Kubernetes cluster",
    "synapsespark": "there is no Spark on this machine",
    "databricks": "there is no Databricks on this machine",
    "hdinsight": "there is no HDInsight on this machine",
    "datafactory": "there is no Data Factory on this machine",
    "datalakeanalytics": "there is no Data Lake on this machine",
}

TYPE = StackRule("compute-limit-type", "A compute is of type AmlCompute, ComputeInstance or VirtualMachine.")
RESERVED = StackRule("compute-forbid-reserved-name", f"No compute is named '{LOCAL}', which every workspace has.")
DUPLICATE = StackRule("compute-require-unique-name", "Names of computes are unique, regardless of case.")
SIZE = StackRule("compute-limit-vm-size", "The size of a compute is one of Azure's without a GPU.")
PRIORITY = StackRule("compute-limit-priority", "The priority of a compute is Dedicated or LowPriority.")
NODES = StackRule("compute-limit-nodes", f"A compute has 1 to {MAX_NODES} nodes, and not more at least than at most.")
IDLE_TIME = StackRule("compute-require-duration", "The idle time of a compute's nodes is an ISO 8601 duration.")
TRACKING = StackRule("compute-require-tracking", "A workspace with computes has a tracking server for their jobs.")
KEY_VAULT = StackRule(
    "compute-require-own-key-vault",
    "A workspace with computes has its own key vault, which stores their credentials.",
)
PRINCIPAL = StackRule("compute-require-own-principal", "No role is assigned to the principal of a compute.")


def check_computes(computes: Sequence[Mapping[str, object]], *, key: str = KEY) -> list[Violation]:
    """All violations in the list of computes; missing keys break no rule.

    Args:
        computes: Entries as in the stack file.
        key: The key of the list.
    """
    violations: list[Violation] = []
    first_of: dict[str, int] = {}
    for index, compute in enumerate(computes):
        place = f"{key}[{index}]"
        violations += [violation.under(place) for violation in _check_compute(compute)]
        name = str(compute.get("name", "")).lower()
        if name and first_of.setdefault(name, index) != index:
            violations.append(
                Violation(
                    rule=DUPLICATE,
                    key=f"{place}.name",
                    value=compute["name"],
                    found=f"{key}[{first_of[name]}] has the same name",
                    allowed="unique names; case does not matter",
                    fix="rename one of them",
                )
            )
    return violations


def _check_compute(compute: Mapping[str, object]) -> Iterator[Violation]:
    name, type_, size, priority = (compute.get(key) for key in ("name", "type", "vmSize", "vmPriority"))
    if name is not None and (str(name).lower() == LOCAL or type_ in {None, *ComputeType}):
        yield from _check_name(str(name), type_)
    if type_ is not None and type_ not in set(ComputeType):
        yield _unknown_type(str(type_))
    yield from check_keys_of_type(compute)
    yield from check_attached(compute)
    yield from check_shutdown(compute.get("idleTimeBeforeShutdown"))
    if type_ == INSTANCE:
        yield from check_schedules(compute.get("schedules"))
    if size is not None:
        yield from check_vm_size(str(size))
    if priority is not None and priority not in set(Priority):
        yield Violation(
            rule=PRIORITY,
            key="vmPriority",
            value=priority,
            found="unknown priority",
            allowed=one_of(Priority),
            fix=f"set 'vmPriority' to '{Priority.LOW if 'low' in str(priority).lower() else Priority.DEDICATED}'",
        )
    yield from _check_nodes(compute)
    idle = compute.get("nodeIdleTimeBeforeScaleDown")
    if idle is not None and duration_seconds(str(idle)) is None:
        yield Violation(
            rule=IDLE_TIME,
            key="nodeIdleTimeBeforeScaleDown",
            value=idle,
            found="not an ISO 8601 duration in days, hours, minutes and seconds",
            allowed="e.g. PT120S, PT30M or P1D",
            fix=f"set 'nodeIdleTimeBeforeScaleDown' to e.g. '{DEFAULT_IDLE_TIME}'",
        )


def _check_name(name: str, type_: object) -> list[Violation]:
    if name.lower() != LOCAL:
        is_instance = type_ == ComputeType.COMPUTE_INSTANCE
        return check_name(ResourceKind.COMPUTE_INSTANCE if is_instance else ResourceKind.COMPUTE_CLUSTER, name)
    return [
        Violation(
            rule=RESERVED,
            key="name",
            value=name,
            found="every workspace with computes has a compute with this name",
            allowed=f"any legal name except {LOCAL}",
            fix="rename the compute",
        )
    ]


def _unknown_type(type_: str) -> Violation:
    near = next((known for known in ComputeType if known.lower() == type_.lower()), ComputeType.AML_COMPUTE)
    return Violation(
        rule=TYPE,
        key="type",
        value=type_,
        found=_NOT_HERE.get(type_.lower(), "unknown type of compute"),
        allowed=one_of(ComputeType),
        fix=f"set 'type' to '{near}'"
        if type_.lower() not in _NOT_HERE
        else f"set 'type' to '{ComputeType.AML_COMPUTE}', or remove the compute",
    )


def check_vm_size(size: str) -> list[Violation]:
    """A violation if nodes cannot be of a size."""
    if find_vm_size(size):
        return []
    gpu = has_gpu(size)
    proposal = DEFAULT_SIZE if gpu else near_vm_size(size, DEFAULT_SIZE)
    return [
        Violation(
            rule=SIZE,
            key="vmSize",
            value=size,
            found="it has a GPU, and jobs get none: the engine runs them with CPUs and memory only"
            if gpu
            else "unknown size",
            allowed="Azure's sizes of the series A, D, E, F and L, see docs/computes.md",
            fix=f"set 'vmSize' to e.g. '{proposal}'",
        )
    ]


def _check_nodes(compute: Mapping[str, object]) -> Iterator[Violation]:
    least, most = compute.get("minNodeCount"), compute.get("maxNodeCount")
    if isinstance(most, int) and not 1 <= most <= MAX_NODES:
        yield _nodes("maxNodeCount", most, "out of range", f"1-{MAX_NODES}", "set 'maxNodeCount' to e.g. 4")
        return
    limit = most if isinstance(most, int) else DEFAULT_NODES
    if isinstance(least, int) and not 0 <= least <= limit:
        found = f"more than 'maxNodeCount', {limit}" if least > limit else "out of range"
        yield _nodes("minNodeCount", least, found, f"0-{limit}", "set 'minNodeCount' to 0")


def _nodes(key: str, value: int, found: str, allowed: str, fix: str) -> Violation:
    return Violation(rule=NODES, key=key, value=value, found=found, allowed=allowed, fix=fix)


def check_needs(computes: Sequence[Mapping[str, object]], *, tracking: bool, vault_owner: str) -> Iterator[Violation]:
    """Violations in a stack with computes that lacks what they need.

    Args:
        computes: Entries as in the stack file.
        tracking: Whether the stack has a tracking server.
        vault_owner: The stack that owns its key vault; empty for this one.
    """
    if not computes:
        return
    if not tracking:
        yield Violation(
            rule=TRACKING,
            key="ml-workspace:tracking",
            value=None,
            found="missing: jobs of a compute record their runs in the tracking server",
            allowed="{}, or its settings",
            fix="set 'ml-workspace:tracking' to {}",
        )
    if vault_owner:
        yield Violation(
            rule=KEY_VAULT,
            key=KEY,
            value=None,
            found=f"the stack's key vault belongs to stack '{vault_owner}', but credentials of computes are "
            "stored only in the stack's own key vault",
            allowed="computes in a stack with its own key vault",
            fix="remove 'ml-workspace:keyVault.existing', or the computes",
        )


def check_principals(
    computes: Sequence[Mapping[str, object]], assignments: Sequence[Mapping[str, str]], *, key: str
) -> Iterator[Violation]:
    """Violations in role assignments to the principal of a compute, whose password people would have.

    Args:
        computes: Entries as in the stack file.
        assignments: As in the stack file.
        key: The key of the assignments.
    """
    named = {str(compute["name"]): principal_of(str(compute["name"])) for compute in computes if "name" in compute}
    taken = {principal: name for name, principal in {LOCAL: principal_of(LOCAL), **named}.items()} if computes else {}
    for index, assignment in enumerate(assignments):
        principal = assignment.get("principal", "")
        if principal in taken:
            yield Violation(
                rule=PRINCIPAL,
                key=f"{key}[{index}].principal",
                value=principal,
                found=f"it is the principal of the compute '{taken[principal]}', which has a role of its own",
                allowed="a principal that is not a compute's",
                fix="rename the principal",
            )
