"""What the stacks of the same state backend hold: components of others, and the stack's own last accepted resources.

Only the file backend can be read without its service; with any other, the results are empty and what depends on them
(names that are unique across stacks, resources that are shared) is checked by the service's own means.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.host import state_backend
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.stack.deployed_resources import Deployed

STACK_TYPE = "pulumi:pulumi:Stack"
CHANGE_GUARD = ":ChangeGuard"


def deployed(*, project: str, except_stack: str) -> list[Deployed]:
    """List the components of all other stacks of the project; a state that cannot be read counts as empty."""
    return [
        component
        for stack, path in _state_files(project).items()
        if stack != except_stack
        for component in _components(path, stack)
    ]


def accepted(project: str, stack: str) -> dict[str, Any]:
    """Resources of a stack as its last update was allowed to make them; empty where there is none, or it can't be read.

    Returns:
        What its `ChangeGuard` holds: `type` and Azure `properties` by `resource_key`.
    """
    path = _state_files(project).get(stack)
    for resource in _resources(path) if path else ():
        if str(resource.get("type", "")).endswith(CHANGE_GUARD):
            return dict((resource.get("inputs") or {}).get("resources") or {})
    return {}


def outputs(project: str, stack: str) -> dict[str, Any]:
    """The outputs of a stack, secret ones encrypted; empty where there is no state, or it can't be read."""
    path = _state_files(project).get(stack)
    found = (r for r in _resources(path) if r.get("type") == STACK_TYPE) if path else iter(())
    return dict(next(found, {}).get("outputs") or {})


def _state_files(project: str) -> dict[str, Path]:
    return state_backend.state_files(state_backend.backend_folder(state_backend.address()), project)


def _resources(path: Path) -> list[dict[str, Any]]:
    try:
        raw = path.read_bytes()
        state = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        return list(state["checkpoint"]["latest"]["resources"] or [])
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError):
        # Another stack's run may be replacing the file, or it is damaged; that is told to who works on that stack.
        return []


def _components(path: Path, stack: str) -> Iterator[Deployed]:
    resources = _resources(path)
    complete = any(r.get("type") == STACK_TYPE and "endpoints" in (r.get("outputs") or {}) for r in resources)
    for resource in resources:
        if resource.get("type") in COMPONENT_TYPES and resource.get("inputs"):
            yield Deployed(stack, resource["type"], resource["inputs"], complete)
