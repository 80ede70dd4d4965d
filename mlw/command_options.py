"""Arguments that several commands have."""

from __future__ import annotations

import os
from pathlib import Path

import click


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
