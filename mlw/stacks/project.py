"""Where a command works: which checkout, which state backend, which variables for its child processes."""

from __future__ import annotations

import os
from pathlib import Path

from infra.errors import MlWorkspaceError
from infra.host.environment import environment

PROJECT = "ml-workspace"
PROJECT_FILE = "Pulumi.yaml"
CHECKOUT = Path(__file__).resolve().parents[2]


class NoSuchStackError(MlWorkspaceError):
    """No stack has the name; the message lists those there are."""


def enter() -> None:
    """Set what `make env` prints and the user has not chosen himself, for this process and its children."""
    # What a command makes below the state's folders is nobody else's, as with `make up`.
    os.umask(0o077)
    os.environ.update(environment())


def project_root() -> Path:
    """The project's folder: the working directory or one above it, as for `pulumi`; else the checkout of this code."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        # Somebody has removed it under the shell.
        return CHECKOUT
    return next((folder for folder in (here, *here.parents) if _is_project(folder)), CHECKOUT)


def stack_folder() -> Path:
    """Folder of the stack files."""
    return project_root() / "stacks"


def configured_stacks() -> list[str]:
    """Names of the stacks that have a file."""
    files = stack_folder().glob("Pulumi.*.yaml")
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in files)


def require_stack_file(stack: str) -> None:
    """Refuse a stack without a file.

    Raises:
        NoSuchStackError: There is none; names those there are.
    """
    known = configured_stacks()
    if stack not in known:
        raise NoSuchStackError(
            f"looking for stack '{stack}': there is no file 'Pulumi.{stack}.yaml' in '{stack_folder()}'. "
            f"Stacks that exist: {', '.join(known) or 'none'}."
        )


def _is_project(folder: Path) -> bool:
    try:
        return f"name: {PROJECT}\n" in (folder / PROJECT_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
