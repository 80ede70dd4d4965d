"""Entry of the console script: parses, finds the function, turns errors into one message on standard error.

Exit codes: those of the table of commands, and 130 when interrupted. Never a traceback for what a user can cause.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import cast

from infra.errors import MlWorkspaceError
from infra.host import environment, streams
from mlw.command import INTERRUPTED, Command
from mlw.command_table import PROGRAM
from mlw.parser import build_parser

Handler = Callable[[object], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command line without the program's name; the process's own when left out.

    Returns:
        The exit code.
    """
    streams.accept_any_text()
    try:
        options = build_parser().parse_args(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    command: Command = options.command
    try:
        environment.enter()
        code = _handler(command)(options)
        sys.stdout.flush()
    except MlWorkspaceError as exc:
        print(f"{PROGRAM}: {exc}", file=sys.stderr)
        return command.on_error
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as exc:
        # A reader (`| head`) that has enough is no error to tell; another user's state and a full disk are.
        if not isinstance(exc, BrokenPipeError):
            print(f"{PROGRAM}: running '{PROGRAM} {' '.join(command.path)}': {exc}.", file=sys.stderr)
        _drop_what_cannot_be_written()
        return command.on_error
    return code


def _drop_what_cannot_be_written() -> None:
    """Keep Python from complaining once more when it flushes at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _handler(command: Command) -> Handler:
    module, _, function = command.handler.partition(":")
    return cast("Handler", getattr(importlib.import_module(module), function))


if __name__ == "__main__":
    sys.exit(main())
