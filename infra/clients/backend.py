"""What the other stacks of the same state backend hold: their components, as they stand in the stored state.

Only the file backend can be read without its service; with any other, the lists are empty and what depends on them
(names that are unique across stacks, resources that are shared) is checked by the service's own means.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.rules.deployed import Deployed

COMPONENT_PREFIX = "ml-workspace:"
STACK = "pulumi:pulumi:Stack"


def deployed(*, project: str, except_stack: str) -> list[Deployed]:
    """List the components of all other stacks of the project; a state that cannot be read counts as empty."""
    return [
        component
        for path in _state_files(project)
        if (stack := path.name.partition(".json")[0]) != except_stack
        for component in _components(path, stack)
    ]


def users_of(resource_id: str, components: list[Deployed]) -> list[str]:
    """Names of the stacks with a workspace that is tied to a resource, in alphabetical order."""
    wanted = resource_id.casefold()
    return sorted(
        {
            component.stack
            for component in components
            for key, value in component.properties.items()
            if key != "resourceId" and isinstance(value, str) and value.casefold() == wanted
        }
    )


def _state_files(project: str) -> Iterator[Path]:
    address = urlsplit(os.environ.get("PULUMI_BACKEND_URL", ""))
    if address.scheme != "file":
        return
    root = Path(unquote(address.netloc + address.path)).expanduser()
    folder = root / ".pulumi" / "stacks" / project
    for path in sorted(folder.glob("*.json*")):
        if path.name.endswith((".json", ".json.gz")):
            yield path


def _components(path: Path, stack: str) -> Iterator[Deployed]:
    try:
        raw = path.read_bytes()
        state = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    except (OSError, ValueError):
        # Another stack's run may be replacing the file, or it is damaged; that is told to who works on that stack.
        return
    latest = (state.get("checkpoint") or {}).get("latest") or {}
    resources = latest.get("resources") or []
    complete = any(r.get("type") == STACK and "endpoints" in (r.get("outputs") or {}) for r in resources)
    for resource in resources:
        if str(resource.get("type", "")).startswith(COMPONENT_PREFIX) and resource.get("inputs"):
            yield Deployed(stack, resource["type"], resource["inputs"], complete)
