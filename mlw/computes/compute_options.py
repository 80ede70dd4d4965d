"""Options of `mlw compute`, named as those of `az ml compute`, and what they say in the words of its YAML."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import click

from mlw.provisioning.setting_arguments import parse_tags

NAME = click.option("--name", "-n", metavar="NAME", required=True, help="Name of the compute.")
PRINCIPAL = click.option("--principal", metavar="NAME", help="Only if the roles of this principal allow it.")
_SETTINGS = (
    click.option("--size", metavar="SIZE", help="Azure's size of a node, e.g. STANDARD_DS3_V2."),
    click.option("--tier", metavar="TIER", help="dedicated or low_priority."),
    click.option("--min-instances", metavar="N", type=int, help="Nodes that Azure keeps running."),
    click.option("--max-instances", metavar="N", type=int, help="Jobs that run at the same time."),
    click.option(
        "--idle-time-before-scale-down", metavar="SECONDS", type=int, help="How long Azure keeps an idle node."
    ),
    click.option("--user-object-id", metavar="NAME", help="The principal who works with an instance."),
    click.option(
        "--idle-time-before-shutdown-minutes", metavar="MINUTES", type=int, help="When an idle instance stops."
    ),
    click.option("--description", metavar="TEXT", help="What the compute is for."),
    click.option("--tags", metavar="NAME=VALUE", multiple=True, help="A tag of the compute; repeatable."),
)
_NAMES = (
    "size",
    "tier",
    "min_instances",
    "max_instances",
    "idle_time_before_scale_down",
    "user_object_id",
    "idle_time_before_shutdown_minutes",
    "description",
)


def with_settings(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the settings of a compute."""
    return functools.reduce(lambda decorated, option: option(decorated), reversed(_SETTINGS), function)


def given_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say, in the words of Azure's YAML; an option that is not given has no key."""
    found = {name: values[name] for name in _NAMES if values[name] is not None}
    return {**found, **({"tags": parse_tags(values["tags"])} if values["tags"] else {})}


def require(stack: str, principal: str | None, operation: str, doing: str) -> None:
    """Reject a principal whose roles do not include an operation; see `principal_rights`."""
    if principal is not None:
        from mlw.roles.principal_rights import require_operation  # noqa: PLC0415 - only for a principal

        require_operation(stack, principal, operation, doing)
