"""Rules for compute instances: their user, their idle time, and the keys that only one type of compute has.

Sources: Q1 (idle shutdown: 15 minutes to 3 days).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from infra.rules.computes.compute_properties import FOREIGN
from infra.rules.computes.durations import duration_seconds
from infra.rules.policy.rule import StackRule
from infra.rules.roles.role_operations import COMPUTES_START, short_form
from infra.rules.violation import Violation

INSTANCE = "ComputeInstance"
LEAST_IDLE, MOST_IDLE = "PT15M", "P3D"

KEYS = StackRule(
    "compute-limit-keys",
    "A compute has only keys of its type: a cluster has nodes, an instance a user, an attached engine an address.",
)
SHUTDOWN = StackRule(
    "compute-limit-idle-shutdown", "A compute instance that stops when idle does so after 15 minutes to 3 days."
)
USER = StackRule(
    "compute-require-assigned-user",
    "A compute instance is assigned to a principal of the workspace that can start computes.",
)


def check_keys_of_type(compute: Mapping[str, object]) -> Iterator[Violation]:
    """Violations in the keys of one compute that another type has."""
    type_ = str(compute.get("type"))
    for key in FOREIGN.get(type_, ()):
        if key in compute:
            yield Violation(
                rule=KEYS,
                key=key,
                value=compute[key],
                found=f"a compute of type {type_} has no such key",
                allowed="see docs/settings.md#computes",
                fix=f"remove '{key}'",
            )


def check_shutdown(idle: object) -> Iterator[Violation]:
    """A violation if an instance cannot stop after an idle time."""
    if idle is None:
        return
    seconds = duration_seconds(str(idle))
    least, most = duration_seconds(LEAST_IDLE) or 0, duration_seconds(MOST_IDLE) or 0
    if seconds is None or not least <= seconds <= most:
        yield Violation(
            rule=SHUTDOWN,
            key="idleTimeBeforeShutdown",
            value=idle,
            found="out of range"
            if seconds is not None
            else "not an ISO 8601 duration in days, hours, minutes and seconds",
            allowed=f"{LEAST_IDLE} to {MOST_IDLE}",
            fix="set 'idleTimeBeforeShutdown' to e.g. 'PT1H', or remove it: the instance then runs until it is stopped",
        )


def check_users(
    computes: Sequence[Mapping[str, object]],
    operations: Mapping[str, Collection[str]],
    *,
    key: str,
    unusable: Collection[str] = (),
) -> Iterator[Violation]:
    """Violations in the users of instances.

    Args:
        computes: Entries as in the stack file.
        operations: Operations of each principal with a role.
        key: The key of the list.
        unusable: Keys whose values cannot be checked.
    """
    for index, compute in enumerate(computes):
        place = f"{key}[{index}].assignedUser"
        if compute.get("type") != INSTANCE or place in unusable:
            continue
        user = compute.get("assignedUser")
        if found := _wrong_user(user, operations):
            yield Violation(
                rule=USER,
                key=place,
                value=user,
                found=found,
                allowed=_allowed(operations),
                fix="set it to one of them, or give the principal a role in 'ml-workspace:roleAssignments', e.g. "
                "'AzureML Data Scientist'",
            )


def _wrong_user(user: object, operations: Mapping[str, Collection[str]]) -> str:
    if user is None:
        return "missing: only its user can log in to a compute instance"
    if str(user) not in operations:
        return "no principal of the workspace has this name"
    if COMPUTES_START not in operations[str(user)]:
        return f"its roles do not include '{short_form(COMPUTES_START)}'"
    return ""


def _allowed(operations: Mapping[str, Collection[str]]) -> str:
    names = sorted(name for name, allowed in operations.items() if COMPUTES_START in allowed)
    return ", ".join(names) if names else "a principal that can start computes; there is none"
