"""Entry of the console script: parses, runs the command, turns errors into one message on standard error.

Exit codes: those of each command, 2 for a wrong command line, 130 when interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from infra.host import streams
from mlw import failures
from mlw.command import DONE, FAILED, PROGRAM, REFUSED
from mlw.command_table import program

COMPLETION = "_MLW_COMPLETE"
"""Variable that the completion script of a shell sets."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command line without the program's name; the process's own when left out.

    Returns:
        The exit code.
    """
    streams.accept_any_text()
    return failures.guarded(PROGRAM, FAILED, lambda: _run(list(sys.argv[1:] if arguments is None else arguments)))


def _run(arguments: list[str]) -> int:
    top = program()
    if instruction := os.environ.get(COMPLETION):
        return _complete(top, instruction)
    try:
        with top.make_context(PROGRAM, arguments) as context:
            return int(top.invoke(context))
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.exceptions.NoArgsIsHelpError as exc:
        is_bare = not arguments
        print(exc.message, file=sys.stdout if is_bare else sys.stderr)
        return DONE if is_bare else REFUSED
    except click.UsageError as exc:
        print(_explained(exc), file=sys.stderr)
        return REFUSED


def _explained(error: click.UsageError) -> str:
    """A wrong command line as one message: the command, what is wrong, where its usage is."""
    line = error.ctx.command_path if error.ctx else PROGRAM
    message = error.format_message().rstrip(".")
    end = "" if message.endswith(("?", "?)")) else "."
    return f"{PROGRAM}: running '{line}': {message[0].lower()}{message[1:]}{end} `{line} --help` shows the usage."


def _complete(top: click.Command, instruction: str) -> int:
    from click.shell_completion import shell_complete  # noqa: PLC0415 - only for completion

    return shell_complete(top, {}, PROGRAM, COMPLETION, instruction)


if __name__ == "__main__":
    sys.exit(main())
