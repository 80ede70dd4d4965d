"""All workspaces of the state backend, by resource group, as `mlw list` shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.errors import MlWorkspaceError
from mlw.stacks.stacks import open_stacks
from mlw.stacks.workspaces import Listed, list_all


def read() -> Mapping[str, Any]:
    """Read the states and ask the engine which containers run; what cannot be read becomes a note."""
    notes: list[str] = []
    stacks = [stack for stack in open_stacks(notes.append) if stack.workspace]
    try:
        listed = list_all(stacks)
    except MlWorkspaceError as exc:
        notes.append(str(exc))
        listed = []
    groups: dict[str, list[tuple[Listed, str]]] = {}
    for found in listed:
        record = next(stack.workspace for stack in stacks if stack.name == found.stack)
        groups.setdefault(found.resource_group, []).append((found, str(record.get("id") or record["resourceId"])))
    return {"groups": groups, "notes": notes}
