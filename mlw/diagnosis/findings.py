"""What a diagnosis consists of: findings in the groups of `az ml workspace diagnose`.

Groups of Azure's that nothing here can be wrong with (user defined routes, name resolution) are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """What a finding is about. Not the service alone: an open port is the network's, whichever service publishes it."""

    STORAGE_ACCOUNT = "storage_account"
    KEY_VAULT = "key_vault"
    CONTAINER_REGISTRY = "container_registry"
    APPLICATION_INSIGHTS = "application_insights"
    NETWORK_SECURITY_RULE = "network_security_rule"
    RESOURCE_LOCK = "resource_lock"
    OTHER = "other"


class Level(StrEnum):
    """How bad a finding is: an error keeps the workspace from working, a warning does not yet."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong: what was found, and what to do."""

    group: Group
    code: str
    message: str
    level: Level = Level.ERROR


def by_group(findings: Iterable[Finding]) -> dict[str, list[dict[str, str]]]:
    """Sort findings into their groups; a group without findings is left out, so that nothing wrong is empty."""
    grouped: dict[str, list[dict[str, str]]] = {}
    ordered = sorted(findings, key=lambda finding: (list(Group).index(finding.group), finding.code, finding.message))
    for finding in ordered:
        entry = {"code": finding.code, "level": str(finding.level), "message": finding.message}
        grouped.setdefault(str(finding.group), []).append(entry)
    return grouped
