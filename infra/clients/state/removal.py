"""Whether data may be removed: when its whole stack goes, or when the stack file allows it by name.

`UsageGuard` depends on everything in a stack, so a destroy deletes it first. As long as the state has it, the stack is
not going, and nothing that holds data is removed unless `ml-workspace:allowReplacement` names its resource. Neither is
it going when the command was told to leave resources out: a destroy of one resource with all that depend on it deletes
`UsageGuard` too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from infra.clients.state import stack_states
from infra.errors import DataRemovalError
from infra.host import processes

USAGE_GUARD, CHANGE_GUARD = ":UsageGuard", ":ChangeGuard"
CHOOSING = frozenset({"-t", "--target", "--exclude", "--replace", "--target-replace"})
"""Options of the Pulumi CLI that choose resources."""

_going: set[str] = set()
"""Stacks whose guard this process has deleted: true also where no state is written between the steps."""


def announce(stack_id: str) -> None:
    """Note that a stack is going as a whole, if it is."""
    if not _chooses_resources():
        _going.add(stack_id)


def withdraw(stack_id: str) -> None:
    """Note that a stack is complete again."""
    _going.discard(stack_id)


def require_allowed(stack_id: str, resource_name: str, holds: str) -> None:
    """Refuse to remove data that nobody asked to lose.

    Args:
        stack_id: Identity of the stack.
        resource_name: Name of the Azure resource that the data belongs to.
        holds: What would be lost.

    Raises:
        DataRemovalError: The stack is not going, and does not allow the resource to be replaced.
    """
    if stack_id in _going:
        return
    resources = stack_states.resources_of(stack_id)
    if resources is None or resource_name.lower() in _allowed(resources):
        return
    if not _has(resources, USAGE_GUARD) and not _chooses_resources():
        return
    raise DataRemovalError(
        f"removing data of '{resource_name}': {holds} would be lost, but its stack is not being taken down. Nothing of "
        "it was removed. Put the resource back, or leave --replace and --target out; if the data may be lost, add "
        f"'{resource_name}' to 'ml-workspace:allowReplacement'."
    )


def _has(resources: Iterable[Mapping[str, Any]], ending: str) -> bool:
    return any(str(resource.get("type", "")).endswith(ending) for resource in resources)


def _allowed(resources: Iterable[Mapping[str, Any]]) -> set[str]:
    guards = (resource for resource in resources if str(resource.get("type", "")).endswith(CHANGE_GUARD))
    return {str(name).lower() for guard in guards for name in (guard.get("inputs") or {}).get("allowed") or ()}


def _chooses_resources() -> bool:
    """Whether the command that started this process works on chosen resources; the engine does not tell providers."""
    return any(word.partition("=")[0] in CHOOSING for word in processes.arguments_of(os.getppid()))
