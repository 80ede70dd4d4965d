"""What a command is made of, for the table of all commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: done; could not be done, or found something; the command line is wrong, or nothing could be judged; the
user has interrupted it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """One argument of a command.

    Attributes:
        name: `stack`, or `--json` for an option.
        metavar: What stands for its value in help texts; empty for an option without value.
        either: Options of a command that have the same word here exclude each other.
        optional: True for a word that may be left out.
        required: True for an option that may not.
    """

    name: str
    help: str
    metavar: str = ""
    either: str = ""
    optional: bool = False
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command.

    Attributes:
        path: The words that call it, e.g. `("policy", "check")`.
        handler: `module:function`; the function takes the parsed arguments and returns the exit code.
        summary: One line, for the list of commands.
        details: What it looks at, what it prints.
        exit_codes: What each exit code means.
        on_error: Exit code when it cannot do its work, the cause being told in one message.
    """

    path: tuple[str, ...]
    handler: str
    summary: str
    details: str
    arguments: tuple[Argument, ...] = ()
    exit_codes: Mapping[int, str]
    on_error: int = FAILED


STACK = Argument(name="stack", metavar="STACK", help="name of the stack, as in stacks/Pulumi.STACK.yaml")
JSON = Argument(name="--json", help="print JSON")
FAILURE = "it could not be done, and one message says why (no such stack, engine not running, wrong passphrase)"
