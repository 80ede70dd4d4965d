"""Arguments that several commands have."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

LARGEST_LIMIT = 50_000


def stack_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Stacks for shell completion: those with a file, and those of a file backend."""
    from infra.host import environment, project, state_backend  # noqa: PLC0415 - only for completion

    environment.enter()
    backend = state_backend.backend_folder(os.environ[state_backend.VARIABLE])
    known = {*project.configured_stacks(), *state_backend.state_files(backend, project.PROJECT)}
    return sorted(name for name in known if name.startswith(incomplete))


STACK = click.argument(
    "stack", metavar="STACK", shell_complete=stack_names, help="Name of the stack, as in stacks/Pulumi.STACK.yaml."
)

OPTIONAL_STACK = click.argument(
    "stack",
    metavar="[STACK]",
    required=False,
    default=lambda: os.environ.get("STACK") or "dev",
    shell_complete=stack_names,
    help="Name of the stack; the default is the variable STACK, otherwise dev.",
)

FILE = click.Path(path_type=Path)

YES = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def limits(default: int) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """`--max-results`, as `az ml` has it; the command gets it as the argument `limit`."""
    return click.option(
        "--max-results", "-r", "limit", metavar="N", type=click.IntRange(1, LARGEST_LIMIT), default=default,
        help=f"Show at most this many; the default is {default}.",
    )  # fmt: skip


def note_more(shown: int, limit: int) -> None:
    """Say on standard error that there may be more."""
    if shown >= limit:
        print(f"There may be more than these {shown}; --max-results shows more.", file=sys.stderr)


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask before something is deleted; without a terminal `--yes` is required."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("Not confirmed: there is no terminal to ask on; use --yes.", click.get_current_context())
    if click.confirm(question, err=True):
        return True
    print("Nothing was deleted.", file=sys.stderr)
    return False
