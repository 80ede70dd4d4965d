"""What every command on experiments, runs and models has: the stack and the principal, and a connection."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from mlw.stack_rights import StackRights, uses

if TYPE_CHECKING:
    from mlw.tracking.tracking_client import TrackingClient

_STAGE = click.option(
    "--include-deleted", "view", flag_value="all", default="active", type=str, help="Also show deleted ones."
)
_DELETED_ONLY = click.option("--deleted-only", "view", flag_value="deleted", type=str, help="Show only deleted ones.")


@dataclass(kw_only=True)
class Tracking(StackRights):
    """The tracking server of a stack, connected to when it is used."""

    @functools.cached_property
    def client(self) -> TrackingClient:
        """The connection."""
        from mlw.tracking.tracking_access import connect  # noqa: PLC0415 - a wrong command line does not need it

        return connect(self.stack, self.principal)


uses_tracking = uses("tracking", Tracking)
"""Gives a command its stack and `--principal`; it gets them as the argument `tracking`."""


def staged(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options for deleted entries; it gets them as the argument `view`."""
    return _STAGE(_DELETED_ONLY(function))
