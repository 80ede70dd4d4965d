"""Read the states of a backend's stacks: components of other stacks, and the stack's own last accepted resources.

Only the file backend can be read directly; with any other, the results are empty, and checks that need them (unique
names across stacks, shared resources) are left to other means.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra import labels
from infra.clients.state import known_stacks
from infra.errors import EarlierVersionError
from infra.host import state_backend
from infra.host.project import PROJECT

if TYPE_CHECKING:  # saves 20 ms in commands that only look up a stack's identity
    from infra.rules.stack.deployed_resources import Deployed
    from infra.rules.stack.expiry import Expiry
    from infra.rules.stack.locked_changes import AcceptedStack

STACK_TYPE = "pulumi:pulumi:Stack"
DYNAMIC_TYPE = "pulumi-python:dynamic"
"""Prefix of the types of the project's resources before it had a provider plugin."""

DOCKER_TYPE = "docker:index/"

CHANGE_GUARD, STACK_IDENTITY, MANAGEMENT_LOCK = ":ChangeGuard", ":StackIdentity", ":ManagementLock"
STACK_EXPIRY, SOFT_DELETION, WORKSPACE_IDENTITY = ":StackExpiry", ":SoftDeletion", ":WorkspaceIdentity"


def deployed(*, project: str = PROJECT, except_stack: str = "", except_id: str = "") -> list[Deployed]:
    """List the components of all other stacks of the project; an unreadable state counts as empty.

    Args:
        project: Name of the project.
        except_stack: Name of the current stack.
        except_id: Its identity, which does not change when it is renamed.
    """
    found = ((stack, _resources(path)) for stack, path in _state_files(project).items() if stack != except_stack)
    return [
        component
        for stack, resources in found
        if not except_id or identity_of(resources) != except_id
        for component in _components(resources, stack)
    ]


def can_be_read() -> bool:
    """Whether states are files, which can be read without the CLI."""
    return state_backend.backend_folder(state_backend.address()) is not None


def identity_of(resources: Iterable[Mapping[str, Any]]) -> str:
    """Identity of the stack with these resources; empty if it has none yet.

    For a stack from before identities, it is derived from the labels of its objects, unless they name several stacks.
    """
    held = list(resources)
    if is_earlier_version(held):
        derived = {labels.earlier_identity(_labels(resource)) for resource in held} - {""}
        return derived.pop() if len(derived) == 1 else ""
    return _recorded_identity(held)


def _recorded_identity(resources: Iterable[Mapping[str, Any]]) -> str:
    found = (resource for resource in resources if str(resource.get("type", "")).endswith(STACK_IDENTITY))
    return next((str((resource.get("outputs") or {}).get("stack_id") or "") for resource in found), "")


def _labels(resource: Mapping[str, Any]) -> dict[str, str]:
    """Labels of a Docker object in the state; empty for other resources."""
    if not str(resource.get("type", "")).startswith(DOCKER_TYPE):
        return {}
    held = (resource.get("outputs") or {}).get("labels") or (resource.get("inputs") or {}).get("labels") or []
    return {str(one["label"]): str(one["value"]) for one in held if isinstance(one, dict)}


def identities(*, project: str = PROJECT) -> set[str]:
    """Identities of all stacks of the project with a readable state."""
    return {identity_of(_resources(path)) for path in _state_files(project).values()} - {""}


def is_earlier_version(resources: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a version from before the provider plugin, or from before identities, created these resources."""
    held = list(resources)
    if any(str(resource.get("type", "")).startswith(DYNAMIC_TYPE) for resource in held):
        return True
    return not _recorded_identity(held) and any(labels.earlier_identity(_labels(resource)) for resource in held)


def refuse_earlier_version(resources: Iterable[Mapping[str, Any]], *, stack: str) -> None:
    """Reject resources that only `make up` and `make down` support; a plain update would recreate them with new keys.

    Raises:
        EarlierVersionError: An earlier version created the resources.
    """
    if is_earlier_version(resources):
        raise EarlierVersionError(
            f"reading the state of stack '{stack}': an earlier version of the project created it. Nothing was changed. "
            f"Run `make up STACK={stack}`, which upgrades it and keeps its data, or `make down STACK={stack}`, which "
            "removes it."
        )


def locks_of(resources: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Management locks of the stack with these resources: `name`, `level`, `notes` and `scope` of each."""
    return [dict(r.get("inputs") or {}) for r in resources if str(r.get("type", "")).endswith(MANAGEMENT_LOCK)]


def soft_deletion_of(resources: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Properties of the soft-deletion guard of the stack with these resources; None if there is none."""
    kept = (r.get("inputs") for r in resources if str(r.get("type", "")).endswith(SOFT_DELETION))
    return next(kept, None) or None


def expiry_of(resources: Iterable[Mapping[str, Any]]) -> Expiry | None:
    """Expiry of the stack with these resources; None if it never expires."""
    kept = next((r.get("outputs") for r in resources if str(r.get("type", "")).endswith(STACK_EXPIRY)), None)
    if not kept:
        return None
    since = datetime.fromisoformat(str(kept["since"]))
    from infra.rules.stack.expiry import Expiry

    return Expiry(after=str(kept["expires_after"]), on=str(kept["expires_on"]), since=since)


def created_at(project: str, stack: str) -> str:
    """When a stack's workspace was created (RFC 3339); empty if there is none or the state is unreadable."""
    path = _state_files(project).get(stack)
    found = (r for r in _resources(path) if str(r.get("type", "")).endswith(WORKSPACE_IDENTITY)) if path else iter(())
    return str((next(found, {}).get("outputs") or {}).get("creation_time") or "")


def resources_of(stack_id: str, *, project: str = PROJECT) -> list[dict[str, Any]] | None:
    """Resources in the current state of the stack with an identity; None if no readable state has it."""
    states = (_resources(path) for path in _state_files(project).values())
    return next((resources for resources in states if identity_of(resources) == stack_id), None)


def accepted(project: str, stack: str) -> AcceptedStack:
    """A stack as accepted by its last update; empty if there is none or the state is unreadable.

    Returns:
        The content of its `ChangeGuard`.

    Raises:
        EarlierVersionError: An earlier version created it, and it has not been upgraded.
    """
    from infra.rules.stack.locked_changes import AcceptedStack

    path = _state_files(project).get(stack)
    resources = _resources(path) if path else []
    refuse_earlier_version(resources, stack=stack)
    for resource in resources:
        if str(resource.get("type", "")).endswith(CHANGE_GUARD):
            return AcceptedStack.of(resource.get("inputs") or {})
    return AcceptedStack()


def outputs(project: str, stack: str) -> dict[str, Any]:
    """The outputs of a stack, secret ones encrypted; empty if there is no readable state."""
    path = _state_files(project).get(stack)
    found = (r for r in _resources(path) if r.get("type") == STACK_TYPE) if path else iter(())
    return dict(next(found, {}).get("outputs") or {})


def deployment_of(project: str, stack: str) -> dict[str, Any]:
    """The state of a stack: resources, and how its secrets are encrypted; empty if there is none that is readable."""
    path = _state_files(project).get(stack)
    return _deployment(path) if path else {}


def _state_files(project: str) -> dict[str, Path]:
    return state_backend.state_files(state_backend.backend_folder(state_backend.address()), project)


def _resources(path: Path) -> list[dict[str, Any]]:
    return list(_deployment(path).get("resources") or [])


def _deployment(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
        state = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        return dict(state["checkpoint"]["latest"])
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError):
        # Another stack's run may be replacing the file, or it is damaged, which is reported to users of that stack.
        return {}


def _components(resources: Sequence[Mapping[str, Any]], stack: str) -> Iterator[Deployed]:
    from infra.rules.resources.component_types import COMPONENT_TYPES
    from infra.rules.stack.deployed_resources import Deployed

    complete = any(r.get("type") == STACK_TYPE and "endpoints" in (r.get("outputs") or {}) for r in resources)
    guard = soft_deletion_of(resources)
    kept_until = known_stacks.kept_until(str(guard["stack_id"])) if guard else ""
    for resource in resources:
        if resource.get("type") in COMPONENT_TYPES and resource.get("inputs"):
            yield Deployed(stack, resource["type"], resource["inputs"], complete, kept_until)
