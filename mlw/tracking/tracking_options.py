"""What every command on experiments, runs and models has: the stack and the principal, and a connection."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mlw.command_options import STACK

if TYPE_CHECKING:
    from mlw.stacks.stacks import Stack
    from mlw.tracking.tracking_client import TrackingClient

LARGEST_LIMIT = 50_000
_PRINCIPAL = "Log in as this principal instead of the stack itself."
_LIMIT = "Show at most this many; the default is {}."

_STAGE = click.option(
    "--include-deleted", "view", flag_value="all", default="active", type=str, help="Also show deleted ones."
)
_DELETED_ONLY = click.option("--deleted-only", "view", flag_value="deleted", type=str, help="Show only deleted ones.")
YES = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


@dataclass(kw_only=True)
class Tracking:
    """The tracking server of a stack, connected to when it is used."""

    stack_name: str
    principal: str | None

    @functools.cached_property
    def stack(self) -> Stack:
        """The stack; its state is read once."""
        from mlw.stacks.stacks import open_stack  # noqa: PLC0415 - a wrong command line does not need it

        return open_stack(self.stack_name)

    @functools.cached_property
    def client(self) -> TrackingClient:
        """The connection."""
        from mlw.tracking.tracking_access import connect  # noqa: PLC0415 - likewise

        return connect(self.stack, self.principal)


def uses_tracking(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command its stack and `--principal`; it gets them as the argument `tracking`."""

    @functools.wraps(function)
    def call(*, stack: str, principal: str | None, **values: Any) -> int:  # noqa: ANN401 - any command's, from Click
        return function(tracking=Tracking(stack_name=stack, principal=principal), **values)

    return STACK(click.option("--principal", metavar="NAME", help=_PRINCIPAL)(call))


def limits(default: int) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """`--max-results`, as `az ml` has it; the command gets it as the argument `limit`."""
    return click.option(
        "--max-results", "-r", "limit", metavar="N", type=click.IntRange(1, LARGEST_LIMIT), default=default,
        help=_LIMIT.format(default),
    )  # fmt: skip


def staged(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options for deleted entries; it gets them as the argument `view`."""
    return _STAGE(_DELETED_ONLY(function))


def note_more(shown: int, limit: int) -> None:
    """Say on standard error that there may be more."""
    if shown >= limit:
        print(f"There may be more than these {shown}; --max-results shows more.", file=sys.stderr)


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask before something is deleted; without a terminal `--yes` is required."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("Not confirmed: there is no terminal to ask on; use --yes.", click.get_current_context())
    if click.confirm(question, err=True):
        return True
    print("Nothing was deleted.", file=sys.stderr)
    return False
