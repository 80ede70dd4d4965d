"""What a service may use of the machine: CPUs and memory, per section of `limits`.

The lower bounds are measured on the pinned images: with less a service starts slower than its readiness is waited for,
or is killed by the kernel under an ordinary load. The upper bounds catch a slip of the unit (MiB written for GiB).
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation

CPU = StackRule("limits-service-limit-cpu", "A service is limited to 0.1 to 64 CPUs.")
MEMORY = StackRule(
    "limits-service-limit-memory",
    "A service is limited to memory that it starts and works with, and to no more than 256 GiB.",
)

MIN_CPU, MAX_CPU = 0.1, 64.0
MAX_MEMORY_GIB = 256.0
MIN_MEMORY_GIB = {
    "storageAccount": 0.25,
    "containerRegistry": 0.125,
    "keyVault": 0.25,
    "applicationInsights": 0.25,
}
"""Memory that each service needs, in GiB, by section of the stack file."""


def check_limits(limits: Mapping[str, Mapping[str, float | None]], *, key: str = "limits") -> list[Violation]:
    """Every violation by the limits of services; a limit that is not given breaks no rule.

    Args:
        limits: Section of the stack file to its `cpu` (CPUs) and `memoryInGB` (GiB, which Azure calls GB).
        key: The key that they stand under.
    """
    violations = []
    for section, limit in limits.items():
        cpu, memory, least = limit.get("cpu"), limit.get("memoryInGB"), MIN_MEMORY_GIB[section]
        # Not `cpu < MIN_CPU or ...`: YAML's `.nan` is neither above nor below anything.
        if cpu is not None and not MIN_CPU <= cpu <= MAX_CPU:
            violations.append(
                Violation(
                    rule=CPU,
                    key=f"{key}.{section}.cpu",
                    value=cpu,
                    found="not a number of CPUs that a service can be given",
                    allowed=f"{MIN_CPU} to {MAX_CPU:.0f}",
                    fix=f"set '{key}.{section}.cpu' to e.g. 1, or leave it out for as many as there are",
                )
            )
        if memory is not None and not least <= memory <= MAX_MEMORY_GIB:
            violations.append(
                Violation(
                    rule=MEMORY,
                    key=f"{key}.{section}.memoryInGB",
                    value=memory,
                    found="the service does not start or work with it"
                    if memory < least
                    else "more than a service uses",
                    allowed=f"{least} to {MAX_MEMORY_GIB:.0f} GiB",
                    fix=f"set '{key}.{section}.memoryInGB' to e.g. {max(least, 0.5)}",
                )
            )
    return violations
