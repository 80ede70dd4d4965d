"""Findings in the groups of `az ml workspace diagnose`.

Azure's groups that do not exist here (user defined routes, name resolution) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """What a finding is about.

    Not always the service: a public port belongs to the network, whichever service publishes it.
    """

    STORAGE_ACCOUNT = "storage_account"
    KEY_VAULT = "key_vault"
    CONTAINER_REGISTRY = "container_registry"
    APPLICATION_INSIGHTS = "application_insights"
    NETWORK_SECURITY_RULE = "network_security_rule"
    RESOURCE_LOCK = "resource_lock"
    OTHER = "other"


class Level(StrEnum):
    """Severity: an error keeps the workspace from working, a warning does not yet."""

    ERROR = "error"
    WARNING = "warning"


_COMMAND = re.compile(r"`((?:make|mlw|pulumi|docker)\b[^`]*)`")

_FIRST_STEPS = ("pulumi refresh", "docker rm")
"""Commands that help only together with the next one of the message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repair:
    """What `mlw diagnose --fix` does: nothing that could lose data.

    Attributes:
        verb: `start`, `unpause` or `restart`.
        container: Name of the container.
    """

    verb: str
    container: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One problem: what was found, and what to do.

    Attributes:
        message: Names the commands that help, in backticks and complete.
        repair: How to fix it without losing data, if that is known.
    """

    group: Group
    code: str
    message: str
    level: Level = Level.ERROR
    repair: Repair | None = None

    @property
    def fix(self) -> str:
        """A command that can be copied; empty if there is only advice."""
        if self.repair:
            return f"docker {self.repair.verb} {self.repair.container}"
        commands = [" ".join(found.split()) for found in _COMMAND.findall(self.message)]
        is_first_step = bool(commands) and commands[0].startswith(_FIRST_STEPS)
        return " && ".join(commands[:2] if is_first_step else commands[:1])


def by_group(findings: Iterable[Finding]) -> dict[str, list[dict[str, str]]]:
    """Group the findings; groups without findings are left out, so a healthy workspace has an empty result."""
    grouped: dict[str, list[dict[str, str]]] = {}
    ordered = sorted(findings, key=lambda finding: (list(Group).index(finding.group), finding.code, finding.message))
    for finding in ordered:
        entry = {"code": finding.code, "level": str(finding.level), "message": finding.message, "fix": finding.fix}
        grouped.setdefault(str(finding.group), []).append(entry)
    return grouped
