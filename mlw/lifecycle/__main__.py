"""`python -m mlw.lifecycle <command> [--stack dev]`: parses, dispatches, turns errors into one message.

Exit codes: 0 done, 1 error, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from infra.errors import MlWorkspaceError
from infra.host import environment, streams
from mlw.lifecycle import run_events, stack_context

MADE = frozenset({"up", "down", "preview", "status", "refresh", "bench"})
"""Commands that messages name by their make target."""

COMMANDS = {
    "up": ("stack_commands:up", "bring the stack up"),
    "down": ("down:down", "take the stack down and prove that nothing is left"),
    "preview": ("stack_commands:preview", "show what `up` would do"),
    "refresh": ("stack_commands:refresh", "update the state from what is actually running"),
    "recover": ("stack_commands:recover", "clean up after a killed run"),
    "record": ("stack_commands:record", "add what plain Pulumi has done to the activity log"),
    "check-size": ("private_stack_file:require_size", "reject a stack file that is too large for the engine"),
    "status": ("status:status", "compare the state with the engine"),
}
"""Module and function of each command, and its help; a command imports only its own module."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m mlw.lifecycle", description="Manage the life cycle of a stack.")
    choices = parser.add_subparsers(dest="command", required=True)
    for name, (_, text) in COMMANDS.items():
        command = choices.add_parser(name, help=text)
        command.add_argument("--stack", default="dev")
        command.add_argument("--events", default="", help="file for events as JSON lines; - for standard output")
    streams.accept_any_text()
    # The final garbage collection takes a tenth of the run time, and skips frozen objects.
    atexit.register(gc.freeze)
    options = parser.parse_args(arguments)
    return guarded(options.command, lambda: _run(options.command, options.stack, options.events))


def _run(command: str, stack: str, events: str) -> None:
    environment.enter()
    module, _, function = COMMANDS[command][0].partition(":")
    with run_events.reporting(events, stack):
        getattr(import_module(f"mlw.lifecycle.{module}"), function)(stack_context.load(stack, os.environ))


def guarded(command: str, action: Callable[[], None]) -> int:
    """Run an action; errors of the project become one message and an exit code."""
    caller = f"make {command}" if command in MADE else command
    try:
        action()
    except (MlWorkspaceError, KeyboardInterrupt, OSError) as exc:
        message, code = run_events.explain(exc)
        print(f"{caller}: {message}", file=sys.stderr)
        return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
