"""Mistakes of users that programs in containers find: one message, no traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable


class ProgramMistakeError(Exception):
    """Something that a user can correct; the message says what was being done, what was found and what to do."""


def running(program: Callable[[], int]) -> int:
    """Run a program; the exit code is 1, after a message, if a user has to correct something."""
    try:
        return program()
    except ProgramMistakeError as exc:
        print(f"error: {exc}", file=sys.stderr, flush=True)
        return 1
