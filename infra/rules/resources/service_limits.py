"""CPU and memory limits of the services, per key of `limits`.

The minimums were measured with the pinned images: with less, a service misses its readiness deadline or is killed by
the kernel under normal load. The maximums catch a wrong unit (MiB instead of GiB).
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation

CPU = StackRule("limits-service-limit-cpu", "The CPU limit of a service is 0.1 to 64 CPUs.")
MEMORY = StackRule(
    "limits-service-limit-memory",
    "The memory limit of a service is enough for it to run, and at most 256 GiB.",
)

MIN_CPU, MAX_CPU = 0.1, 64.0
MAX_MEMORY_GIB = 256.0
MIN_MEMORY_GIB = {
    "storageAccount": 0.25,
    "containerRegistry": 0.125,
    "keyVault": 0.25,
    "applicationInsights": 0.25,
    "insightsStore": 0.1875,
    "tracking": 0.375,
    "inference": 0.0625,
}
"""Minimum memory of each service, in GiB, by its name."""


def check_limits(limits: Mapping[str, Mapping[str, float | None]], *, key: str = "limits") -> list[Violation]:
    """All violations in the limits of services; a missing limit breaks no rule.

    Args:
        limits: Name of a service to its `cpu` (CPUs) and `memoryInGB` (GiB, which Azure calls GB).
        key: The key of the section.
    """
    violations = []
    for section, limit in limits.items():
        cpu, memory, least = limit.get("cpu"), limit.get("memoryInGB"), MIN_MEMORY_GIB[section]
        # Not `cpu < MIN_CPU or ...`: all comparisons with YAML's `.nan` are false.
        if cpu is not None and not MIN_CPU <= cpu <= MAX_CPU:
            violations.append(
                Violation(
                    rule=CPU,
                    key=f"{key}.{section}.cpu",
                    value=cpu,
                    found="out of range",
                    allowed=f"{MIN_CPU} to {MAX_CPU:.0f}",
                    fix=f"set '{key}.{section}.cpu' to e.g. 1, or omit it to allow all CPUs",
                )
            )
        if memory is not None and not least <= memory <= MAX_MEMORY_GIB:
            violations.append(
                Violation(
                    rule=MEMORY,
                    key=f"{key}.{section}.memoryInGB",
                    value=memory,
                    found="too little memory for the service to run"
                    if memory < least
                    else "more than a service can use",
                    allowed=f"{least} to {MAX_MEMORY_GIB:.0f} GiB",
                    fix=f"set '{key}.{section}.memoryInGB' to e.g. {max(least, 0.5)}",
                )
            )
    return violations
