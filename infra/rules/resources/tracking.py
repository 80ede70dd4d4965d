"""The tracking server of a workspace: its properties, and that switching it off loses no data unasked.

It belongs to the workspace and is no Azure resource of its own: in Azure every workspace has one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated

from infra.rules.policy.rule import StackRule
from infra.rules.resources.properties import RESTARTS, Property
from infra.rules.violation import Violation

NAME = "tracking"
KEY = f"ml-workspace:{NAME}"
MAX_DAYS, DEFAULT_DAYS = 365, 30

RETENTION = StackRule(
    "tracking-stack-limit-soft-delete", "Deleted experiments, runs and models are kept for 1 to 365 days."
)
REMOVAL = StackRule(
    "tracking-stack-forbid-removal", "No change deletes experiments, runs and models, unless the stack allows it."
)

Services = Mapping[str, str]
"""The optional services that a stack has: name of the service to the name that `allowReplacement` knows it by."""


class TrackingProperties:
    """The tracking server; an empty section switches it on."""

    soft_delete_retention_in_days: Annotated[
        int,
        Property(
            doc=f"Days for which deleted experiments, runs and models can be restored: 1 to {MAX_DAYS}.",
            default=DEFAULT_DAYS,
            effect=RESTARTS,
        ),
    ]


def server_name(workspace: str) -> str:
    """Name of the tracking server of a workspace."""
    return f"{workspace}-{NAME}"


def optional_services(workspace: str, *, tracking: bool) -> Services:
    """The optional services of a workspace.

    Args:
        workspace: Its name.
        tracking: Whether it has a tracking server.
    """
    return {NAME: server_name(workspace)} if tracking else {}


def check_retention(days: int | None) -> list[Violation]:
    """A violation if deleted experiments cannot be kept for ``days`` days."""
    if days is None or 1 <= days <= MAX_DAYS:
        return []
    key = f"{KEY}.softDeleteRetentionInDays"
    return [
        Violation(
            rule=RETENTION,
            key=key,
            value=days,
            found="out of range",
            allowed=f"1-{MAX_DAYS} days",
            fix=f"set '{key}' to e.g. {DEFAULT_DAYS}",
        )
    ]


def check_removal(before: Services, wanted: Services, *, allowed: Collection[str]) -> list[Violation]:
    """Violations in switching services off, or in moving them to another workspace.

    Args:
        before: The stack's optional services.
        wanted: Those that it is to have.
        allowed: Names of resources that may be replaced.
    """
    may_go = {name.lower() for name in allowed}
    gone = [name for service, name in before.items() if wanted.get(service) != name and name.lower() not in may_go]
    return [
        Violation(
            rule=REMOVAL,
            key=KEY,
            value=None,
            found=f"the tracking server '{name}' would be deleted with its experiments, runs and models",
            allowed=f"'{name}' unchanged",
            fix=f"restore '{KEY}: {{}}'; if they may be lost, add '{name}' to 'ml-workspace:allowReplacement'",
        )
        for name in gone
    ]
