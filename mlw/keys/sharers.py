"""Finds the sharers of a stack's services, and what a rotation means for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from infra.clients.state import stack_states
from infra.host.project import PROJECT
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.stack.deployed_resources import users_of
from infra.services import KEY_VAULT, REQUIRED, STORAGE_ACCOUNT, Service
from mlw.stacks.stacks import Stack

_CREDENTIALS_OF_ITS_OWN = frozenset({STORAGE_ACCOUNT.credentials_key, KEY_VAULT.credentials_key})
_EVERY_SERVICE = "authority"
"""What all of a stack's endpoints depend on."""


def is_sharer(stack: Stack) -> bool:
    """Whether the stack's workspace is in the storage account of another one."""
    return any((resource.get("inputs") or {}).get("sharer") for resource in stack.checkpoint.resources)


def tell_sharers(stack: Stack, rotated: Collection[str]) -> Iterator[str]:
    """For each rotated service, list the workspaces that share it and what to run for them.

    Args:
        stack: The stack whose credentials were rotated.
        rotated: What was rotated, as `--service` takes it.
    """
    deployed = stack_states.deployed(project=PROJECT, except_stack=stack.name)
    for component, service in _services(stack):
        if not {service.credentials_key, _EVERY_SERVICE} & set(rotated):
            continue
        users = users_of(component["inputs"]["resourceId"], deployed)
        if users:
            what = f"The {service.title} '{component['inputs']['name']}' is shared by"
            named = ", ".join(f"'{user}'" for user in users)
            keeps = service.credentials_key in _CREDENTIALS_OF_ITS_OWN and _EVERY_SERVICE not in rotated
            yield f"{what} {_stacks(users)} {named}: {_advice(users, keeps=keeps)}"


def _services(stack: Stack) -> Iterator[tuple[Mapping[str, Any], Service]]:
    for component in stack.components:
        section = COMPONENT_TYPES[component["type"]].section
        # Only resources are shared, so optional services, which belong to the workspace itself, are not.
        yield from ((component, service) for service in REQUIRED if service.section == section)


def _stacks(users: list[str]) -> str:
    return "stack" if len(users) == 1 else "stacks"


def _advice(users: list[str], *, keeps: bool) -> str:
    if keeps:
        return "each has its own credentials there, which stay valid; nothing to do."
    commands = " and ".join(f"`make up STACK={user}`" for user in users)
    return f"access fails until {commands} fetches the new credentials."
