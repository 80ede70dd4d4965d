"""Which commands are recorded in the activity log, and how; declared with each command (`@command(records=...)`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """How a command is recorded.

    Attributes:
        operation: e.g. `Microsoft.KeyVault/vaults/secrets/getSecret/action`.
        resource: What it is about: `workspace`, or the workspace's property with the id of another resource.
        below: Path below that resource; `{name}` stands for the command's argument `name`.
        details: Arguments that are recorded with it; never one with a secret.
        when: An option without which the command changes nothing.
        unless: An option with which the command changes nothing.
    """

    operation: str
    resource: str = "workspace"
    below: str = ""
    details: tuple[str, ...] = ()
    when: str = ""
    unless: str = ""

    def applies(self, arguments: Mapping[str, Any]) -> bool:
        """Whether a command line does something that is recorded."""
        return bool(arguments.get("stack")) and (
            (not self.when or bool(arguments.get(self.when))) and not (self.unless and arguments.get(self.unless))
        )

    def properties(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What is recorded of a command line."""
        given = {name: arguments[name] for name in self.details if arguments.get(name)}
        return {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}


LIST_KEYS = Recorded(operation="Microsoft.MachineLearningServices/workspaces/listKeys/action", details=("principal",))
"""Credentials of a workspace are handed out."""
