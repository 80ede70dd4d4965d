"""A group of commands that imports a command's module only when the command runs or shows its help.

Listing a group imports nothing: the table of commands has the one line for each.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


@dataclass(frozen=True, slots=True)
class Row:
    """One command in the table of commands.

    Attributes:
        path: The words that call it, e.g. ``policy check``.
        place: Where it is: `module:function`.
        summary: One line for the list of commands; the first line of the command's docstring.
    """

    path: str
    place: str
    summary: str

    def load(self) -> click.Command:
        """Import the command."""
        module, _, name = self.place.partition(":")
        return cast("click.Command", getattr(importlib.import_module(module), name))


class _Unloaded(click.Command):
    """A command of which only name and summary are known."""

    def __init__(self, name: str, row: Row) -> None:
        super().__init__(name, short_help=row.summary)
        self.row = row


class LazyGroup(click.Group):
    """A group made from rows of the table; without a command it shows its help."""

    def __init__(self, name: str, rows: Sequence[Row], *, help: str, short_help: str = "") -> None:
        super().__init__(name, help=help, short_help=short_help, no_args_is_help=True)
        self.nested: dict[str, LazyGroup] = {}
        self.namesake: click.Command | None = None
        for row in rows:
            self.add_command(_Unloaded(row.path.rpartition(" ")[2], row))

    def nest(self, group: LazyGroup) -> None:
        """Add a group; where there is a command of its name, the group's commands come after that name, too."""
        if group.name in self.commands:
            self.nested[str(group.name)] = group
        else:
            self.add_command(group)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """Names in the order of the table."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that a line calls, and import it.

        `mlw run list STACK` is a command of the group `run`; `mlw run STACK -- COMMAND` is the command `run`, also for
        a stack named `list`: the commands of the group have no `--`.
        """
        name, found, rest = super().resolve_command(ctx, args)
        group = self.nested.get(name or "")
        if group and rest and rest[0] in group.commands and "--" not in rest:
            return name, group, rest
        loaded = found.row.load() if isinstance(found, _Unloaded) else found
        if group and not rest and ctx.resilient_parsing:
            # A shell completes `mlw run`, which may become either.
            group.namesake = loaded
            return name, group, rest
        if group and isinstance(loaded, Nesting):
            loaded.nested = group
        return name, loaded, rest

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands, and what the command of the same name takes."""
        own = super().shell_complete(ctx, incomplete)
        if self.namesake is None:
            return own
        options = [one for one in self.namesake.shell_complete(ctx, incomplete) if one.value != "--help"]
        return [*own, *options, *_first_argument(self.namesake).shell_complete(ctx, incomplete)]


class Nesting(click.Command):
    """A command that a group of the same name belongs to."""

    nested: LazyGroup | None = None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and the commands of the group."""
        super().format_options(ctx, formatter)
        if self.nested:
            self.nested.format_commands(ctx, formatter)


class DefaultingGroup(LazyGroup):
    """A group whose first command may be left out: `mlw keys STACK` is `mlw keys show STACK`."""

    def __init__(self, name: str, rows: Sequence[Row], *, help: str, short_help: str = "") -> None:
        default = f"Without a command it runs `{rows[0].path.rpartition(' ')[2]}`."
        super().__init__(name, rows, help=f"{help} {default}", short_help=short_help)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, with the name of the command put in where it was left out."""
        if args and args[0] not in {*self.commands, *self.get_help_option_names(ctx)}:
            args = [self.list_commands(ctx)[0], *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands, and what the first command takes."""
        _, first, _ = self.resolve_command(ctx, self.list_commands(ctx)[:1])
        own = super().shell_complete(ctx, incomplete)
        return [*own, *(_first_argument(first).shell_complete(ctx, incomplete) if first else [])]


def _first_argument(command: click.Command) -> click.Parameter:
    return next(one for one in command.params if isinstance(one, click.Argument))
