"""Resources in a stack's state that no program has registered, e.g. by `pulumi import`.

An update would delete them, because the program does not have them, and so would a destroy. Nobody asked for that:
updates exclude them, and `make down` takes them out of the state first without removing them.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlw.lifecycle.checkpoints import DOCKER_KINDS, Checkpoint


@dataclass(frozen=True, slots=True)
class ForeignResource:
    """One resource that does not belong to the workspace."""

    urn: str
    title: str
    """Kind and name, as in messages."""

    def __str__(self) -> str:
        """Kind, name and URN."""
        return f"{self.title} ({self.urn})"


def find(checkpoint: Checkpoint) -> list[ForeignResource]:
    """List them in the order of the state, parents first."""
    return [
        ForeignResource(resource["urn"], _title(resource))
        for resource in checkpoint.resources
        if resource["urn"] in checkpoint.foreign_urns
    ]


def describe(found: list[ForeignResource], stack: str) -> str:
    """Describe them, and how to take them out of the state."""
    commands = "".join(
        f"\n  pulumi state delete --force --stack {shlex.quote(stack)} {shlex.quote(one.urn)}"
        for one in reversed(found)
    )
    names = ", ".join(map(str, found))
    return (
        f"The state of stack '{stack}' also contains resources that do not belong to the workspace: {names}. They "
        f"are left as they are. To take them out of the state without removing them:{commands}"
    )


def excluded(found: list[ForeignResource]) -> list[str]:
    """Arguments that exclude them from a Pulumi operation."""
    return [f"--exclude={one.urn}" for one in found]


def _title(resource: Mapping[str, Any]) -> str:
    kind = DOCKER_KINDS.get(resource["type"], resource["type"])
    name = (resource.get("outputs") or {}).get("name") or resource.get("id") or resource["urn"].rpartition("::")[2]
    return f"{kind} '{name}'"
