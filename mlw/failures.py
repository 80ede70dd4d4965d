"""Turns errors into one message on standard error and an exit code; never a traceback for what a user can cause."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from infra.errors import MlWorkspaceError

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


def guarded(line: str, on_error: int, action: Callable[[], int]) -> int:
    """Run an action.

    Args:
        line: The command as it is called, e.g. ``mlw policy check``.
        on_error: Exit code for an error.
        action: Returns the exit code.

    Returns:
        The exit code.
    """
    program = line.partition(" ")[0]
    try:
        code = action()
        sys.stdout.flush()
    except MlWorkspaceError as exc:
        print(f"{program}: {exc}", file=sys.stderr)
        return on_error
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as exc:
        # A closed pipe (`| head`) is not an error; another user's state and a full disk are.
        if not isinstance(exc, BrokenPipeError):
            file = f": '{exc.filename}'" if exc.filename else ""
            print(f"{program}: running '{line}': operating system error: {exc.strerror or exc}{file}.", file=sys.stderr)
        _discard_unwritten()
        return on_error
    return code


def _discard_unwritten() -> None:
    """Keep Python from reporting the same error again when it flushes at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
