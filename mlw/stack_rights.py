"""The stack and the principal of a command: with whose rights it uses which workspace."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mlw.command_options import STACK

if TYPE_CHECKING:
    from mlw.stacks.stacks import Stack

Decorated = Callable[..., int]

_PRINCIPAL = click.option(
    "--principal", metavar="NAME", help="Use the rights of this principal instead of the stack's own."
)


@dataclass(kw_only=True)
class StackRights:
    """A stack, and the rights that it is used with; a group of commands derives what it connects to.

    Attributes:
        stack_name: As on the command line.
        principal: None for the stack's own rights.
    """

    stack_name: str
    principal: str | None

    @functools.cached_property
    def stack(self) -> Stack:
        """The stack; its state is read once."""
        from mlw.stacks.stacks import open_stack  # noqa: PLC0415 - a wrong command line does not need it

        return open_stack(self.stack_name)


def uses(argument: str, made: type[StackRights]) -> Callable[[Decorated], Decorated]:
    """Give a command its stack and `--principal`.

    Args:
        argument: What the command calls them.
        made: What they are given as.
    """

    def decorate(function: Decorated) -> Decorated:
        @functools.wraps(function)
        def call(*, stack: str, principal: str | None, **values: Any) -> int:  # noqa: ANN401 - any command's, from Click
            return function(**{argument: made(stack_name=stack, principal=principal)}, **values)

        return STACK(_PRINCIPAL(call))

    return decorate
