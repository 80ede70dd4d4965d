"""Parses command lines of `mlw` as the program does, and runs nothing."""

from collections.abc import Sequence

import click

from mlw.command import PROGRAM
from mlw.command_table import program


def parse(words: Sequence[str]) -> click.Context:
    """The context of the command that a line calls; raises what a wrong line raises in the program.

    Args:
        words: Without the program; redirections and a pipe at the end are ignored.
    """
    end = next((number for number, word in enumerate(words) if word in {"<", ">", "|"}), len(words))
    context = program().make_context(PROGRAM, list(words[:end]))
    while isinstance(context.command, click.Group):
        name, found, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        context = found.make_context(name, rest, parent=context)
    return context
