"""Builds the argument parser from the table of commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mlw.command import Argument, Command
from mlw.command_table import COMMANDS, DESCRIPTION, GROUPS, PROGRAM

_WORDS = {command.path for command in COMMANDS}
_JOINED = {path for path in _WORDS if len(path) > 1 and path[:1] in _WORDS}
"""Commands below a word that is a command itself, as `keys rotate` is below `keys`."""


class _Parser(argparse.ArgumentParser):
    """A parser that takes the words of such a command for one, unless nothing follows: then the last is a name."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        given = list(sys.argv[1:] if args is None else args)
        if tuple(given[:2]) in _JOINED and len(given) > 2:  # noqa: PLR2004 - two words and something after them
            given[:2] = [" ".join(given[:2])]
        return super().parse_known_args(given, namespace)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser; the parsed arguments have the :class:`Command` itself as `command`."""
    parser = _Parser(prog=PROGRAM, description=DESCRIPTION, allow_abbrev=False)
    words = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    groups = {}
    for command in COMMANDS:
        if len(command.path) == 1 or command.path in _JOINED:
            _add(words, command)
            continue
        group = command.path[0]
        if group not in groups:
            found = words.add_parser(group, help=GROUPS[group], description=GROUPS[group], allow_abbrev=False)
            groups[group] = found.add_subparsers(title="commands", metavar="COMMAND", required=True)
        _add(groups[group], command)
    return parser


def usage(command: Command) -> str:
    """Write how a command is called, on one line."""
    words = [shown(argument) if _is_required(argument) else f"[{shown(argument)}]" for argument in command.arguments]
    return " ".join([PROGRAM, *command.path, *words])


def shown(argument: Argument) -> str:
    """Write an argument as it stands on a command line."""
    if not argument.name.startswith("--"):
        return argument.metavar
    return f"{argument.name} {argument.metavar}".rstrip()


def _add(words: argparse._SubParsersAction[_Parser], command: Command) -> None:
    codes = "; ".join(f"{code} {meaning}" for code, meaning in command.exit_codes.items())
    parser = words.add_parser(
        " ".join(command.path) if command.path in _JOINED else command.path[-1],
        help=command.summary,
        description=command.details,
        epilog=f"Exit codes: {codes}.",
        allow_abbrev=False,
    )
    _add_arguments(parser, command.arguments)
    parser.set_defaults(command=command)


def _add_arguments(parser: argparse.ArgumentParser, arguments: Sequence[Argument]) -> None:
    alternatives: dict[str, argparse._MutuallyExclusiveGroup] = {}
    for argument in arguments:
        if argument.either and argument.either not in alternatives:
            alternatives[argument.either] = parser.add_mutually_exclusive_group()
        target = alternatives.get(argument.either, parser)
        if argument.optional:
            target.add_argument(argument.name, metavar=argument.metavar, help=argument.help, nargs="?")
        elif argument.metavar:
            added = target.add_argument(argument.name, metavar=argument.metavar, help=argument.help)
            # The parser refuses to be told of a word, which is required anyway.
            added.required = argument.required or not argument.name.startswith("--")
        else:
            target.add_argument(argument.name, action="store_true", help=argument.help)


def _is_required(argument: Argument) -> bool:
    return argument.required or not (argument.optional or argument.name.startswith("--"))
