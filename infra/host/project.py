"""The Pulumi project: its name, its folder, its stack files.

The folder is the working directory or one above it, as for `pulumi`; else the checkout that this code is in. Code that
was installed from a wheel is in none: outside of a project it can read states, and has no stack files.
"""

from __future__ import annotations

import os
from pathlib import Path

from infra.errors import ProjectNotFoundError, UnknownStackError
from infra.host import folders
from infra.host.near_names import suggestion

PROJECT = "ml-workspace"
PROJECT_FILE = "Pulumi.yaml"


def find() -> Path | None:
    """The project's folder; None where there is none."""
    here = _working_directory()
    return next((folder for folder in (here, *here.parents, folders.repo()) if _is_project(folder)), None)


def root() -> Path:
    """The project's folder.

    Raises:
        ProjectNotFoundError: There is none.
    """
    found = find()
    if found is None:
        raise ProjectNotFoundError(
            f"looking for the project '{PROJECT}': neither '{_working_directory()}' nor a folder above it has a "
            f"{PROJECT_FILE} with 'name: {PROJECT}'. Change to a checkout of the project and run the command again."
        )
    return found


def stack_folder() -> Path:
    """Folder of the stack files."""
    return root() / "stacks"


def configured_stacks(project: Path | None = None) -> list[str]:
    """Names of the stacks that have a file; none outside of a project.

    Args:
        project: The project's folder; looked for when left out.
    """
    folder = project or find()
    files = (folder / "stacks").glob("Pulumi.*.yaml") if folder else ()
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in files)


def require_stack_file(stack: str, project: Path | None = None) -> Path:
    """The file of a stack.

    Args:
        stack: Name of the stack.
        project: The project's folder; looked for when left out.

    Raises:
        ProjectNotFoundError: There is no project.
        UnknownStackError: There is no such file; names the stacks that there are.
    """
    folder = project or root()
    path = folder / "stacks" / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = configured_stacks(folder)
        raise UnknownStackError(
            f"looking for stack '{stack}': no file '{path.name}' in '{path.parent}'.{suggestion(stack, known)} "
            f"Stacks: {', '.join(known) or 'none'}. {'Choose one of them, or write' if known else 'Write'} the file."
        )
    return path


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        # Somebody has removed it under the shell, which still knows its name.
        return Path(os.environ.get("PWD", "/"))


def _is_project(folder: Path) -> bool:
    try:
        return f"name: {PROJECT}\n" in (folder / PROJECT_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
