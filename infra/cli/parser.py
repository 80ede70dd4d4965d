"""Builds the argument parser from the table of commands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from infra.cli.commands import COMMANDS, DESCRIPTION, GROUPS, PROGRAM, Argument, Command


def build_parser() -> argparse.ArgumentParser:
    """Build the parser; the parsed arguments have the :class:`Command` itself as `command`."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=DESCRIPTION, allow_abbrev=False)
    words = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    groups = {}
    for command in COMMANDS:
        if len(command.path) == 1:
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
    if _is_required(argument):
        return argument.metavar
    return f"{argument.name} {argument.metavar}".rstrip()


def _add(words: argparse._SubParsersAction[argparse.ArgumentParser], command: Command) -> None:
    codes = "; ".join(f"{code} {meaning}" for code, meaning in command.exit_codes.items())
    parser = words.add_parser(
        command.path[-1],
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
        if argument.metavar:
            target.add_argument(argument.name, metavar=argument.metavar, help=argument.help)
        else:
            target.add_argument(argument.name, action="store_true", help=argument.help)


def _is_required(argument: Argument) -> bool:
    return not argument.name.startswith("--")
