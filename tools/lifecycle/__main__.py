"""`python -m tools.lifecycle <command> [--stack dev]`: parses, dispatches, turns errors into one message.

Exit codes: 0 done, 1 an error that was explained, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from infra.errors import MlWorkspaceError
from tools.bootstrap.environment import environment
from tools.lifecycle import commands, context, down, status
from tools.lifecycle.context import Context
from tools.lifecycle.errors import OperationCancelledError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

MADE = frozenset({"up", "down", "preview", "status", "refresh", "bench"})
"""Commands that are make targets, and are called so in messages."""

COMMANDS: dict[str, tuple[Callable[[Context], None], str]] = {
    "up": (commands.up, "bring the stack up"),
    "down": (down.down, "take the stack down and prove that nothing is left"),
    "preview": (commands.preview, "show what `up` would do"),
    "refresh": (commands.refresh, "take over into the state what really is"),
    "recover": (commands.recover, "put right what a killed run has left"),
    "status": (status.status, "compare the state with the engine"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.lifecycle", description="The life of a workspace's stack.")
    choices = parser.add_subparsers(dest="command", required=True)
    for name, (_, text) in COMMANDS.items():
        choices.add_parser(name, help=text).add_argument("--stack", default="dev")
    measure = choices.add_parser("bench", help="measure against plain docker, on a throw-away stack")
    measure.add_argument("--stack", default="dev", help="whose configuration the throw-away stack has")
    measure.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    # A folder made from here on is nobody else's, also where pulumi makes it.
    os.umask(0o077)
    os.environ.update(environment())
    if options.command == "bench":
        from tools.lifecycle import bench  # noqa: PLC0415 - slow to import, and no other command needs it

        return guarded("bench", lambda: bench.bench(context.load(options.stack, os.environ), options.rounds))
    return guarded(options.command, lambda: COMMANDS[options.command][0](context.load(options.stack, os.environ)))


def guarded(command: str, action: Callable[[], None]) -> int:
    """Run an action; errors of the project become one message and an exit code."""
    caller = f"make {command}" if command in MADE else command
    try:
        action()
    except OperationCancelledError as exc:
        print(f"{caller}: {exc}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        print(f"{caller}: interrupted. Run the command again to go on.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except MlWorkspaceError as exc:
        print(f"{caller}: {exc}", file=sys.stderr)
        return EXIT_FAILED
    except OSError as exc:
        place = f" ({exc.filename})" if exc.filename else ""
        print(f"{caller}: the system refused to go on: {exc.strerror or exc}{place}. Run it again.", file=sys.stderr)
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
