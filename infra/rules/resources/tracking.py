"""The tracking server of a workspace: its properties, and that switching it off loses no data unasked.

It belongs to the workspace and is no Azure resource of its own: in Azure every workspace has one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated

from infra.rules.names.engine_names import physical_name
from infra.rules.policy.rule import StackRule
from infra.rules.resources import inference
from infra.rules.resources.properties import RESTARTS, Property
from infra.rules.violation import Violation

NAME = "tracking"
KEY = f"ml-workspace:{NAME}"
MAX_DAYS, DEFAULT_DAYS = 365, 30
MAX_HOST_LABEL = 63

RETENTION = StackRule(
    "tracking-stack-limit-soft-delete", "Deleted experiments, runs and logged models are kept for 1 to 365 days."
)
HOST_NAME = StackRule(
    "tracking-stack-limit-group-name",
    "With TLS or another stack's storage account, the name of its resource group fits into a host name.",
)
REMOVAL = StackRule(
    "tracking-stack-forbid-removal", "No change deletes experiments, runs and models, unless the stack allows it."
)
INSTANCE_REMOVAL = StackRule(
    "compute-stack-forbid-removal", "No change deletes the files of a compute instance, unless the stack allows it."
)

_INSTANCE = "computes/"
"""Prefix of the key of a compute instance, which has a home folder."""

Services = Mapping[str, str]
"""The optional services that a stack has: name of the service to the name that `allowReplacement` knows it by."""


class TrackingProperties:
    """The tracking server; an empty section switches it on."""

    soft_delete_retention_in_days: Annotated[
        int,
        Property(
            doc=f"Days for which deleted experiments, runs and logged models can be restored: 1 to {MAX_DAYS}.",
            default=DEFAULT_DAYS,
            effect=RESTARTS,
        ),
    ]


def server_name(workspace: str) -> str:
    """Name of the tracking server of a workspace."""
    return f"{workspace}-{NAME}"


def optional_services(
    workspace: str, *, tracking: bool, inference_front: bool = False, instances: Iterable[str] = ()
) -> Services:
    """The optional services of a workspace.

    Args:
        workspace: Its name.
        tracking: Whether it has a tracking server.
        inference_front: Whether it has a front of online endpoints.
        instances: Names of its compute instances.
    """
    servers = {NAME: server_name(workspace)} if tracking else {}
    fronts = {inference.NAME: inference.front_name(workspace)} if inference_front else {}
    return {**servers, **fronts, **{f"{_INSTANCE}{name.lower()}": name for name in instances}}


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


def check_host_name(group: str, *, key: str) -> list[Violation]:
    """A violation if the tracking server cannot address a storage account in a resource group.

    Args:
        group: Name of the resource group, whose network has its name.
        key: The key that decides which group it is.
    """
    if len(physical_name(group)) <= MAX_HOST_LABEL:
        return []
    return [
        Violation(
            rule=HOST_NAME,
            key=key,
            value=group,
            found="the tracking server cannot reach a storage account in a resource group with such a long name: its "
            "network's name is part of the account's host name",
            allowed=f"at most {MAX_HOST_LABEL} characters",
            fix="choose a shorter name for a new stack",
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
    gone = [
        (service, name)
        for service, name in before.items()
        if wanted.get(service, "").lower() != name.lower() and name.lower() not in may_go
    ]
    return [_removal_of(service, name) for service, name in gone]


def _removal_of(service: str, name: str) -> Violation:
    if service == inference.NAME:
        return inference.removal(name)
    return _removal_of_instance(name) if service.startswith(_INSTANCE) else _removal(name)


def _removal(name: str) -> Violation:
    return Violation(
        rule=REMOVAL,
        key=KEY,
        value=None,
        found=f"the tracking server '{name}' would be deleted with its experiments, runs and models",
        allowed=f"'{name}' unchanged",
        fix=f"restore '{KEY}: {{}}'; if they may be lost, add '{name}' to 'ml-workspace:allowReplacement'",
    )


def _removal_of_instance(name: str) -> Violation:
    return Violation(
        rule=INSTANCE_REMOVAL,
        key="ml-workspace:computes",
        value=None,
        found=f"the compute instance '{name}' would be deleted with the files of its user",
        allowed=f"'{name}' unchanged",
        fix=f"restore it; if the files may be lost, delete it with `mlw compute delete STACK --name {name}`, or add "
        f"'{name}' to 'ml-workspace:allowReplacement'",
    )
