"""The Pulumi project: name, folder, stack files.

The folder is the working directory or one of its parents, as for `pulumi`; otherwise the checkout that contains this
code. Code installed from a wheel is not in a checkout: outside of a project it can read states, but no stack files.
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
    """The project's folder; None if there is none."""
    here = _working_directory()
    return next((folder for folder in (here, *here.parents, folders.repo()) if _is_project(folder)), None)


def root() -> Path:
    """The project's folder.

    Raises:
        ProjectNotFoundError: There is no project.
    """
    found = find()
    if found is None:
        raise ProjectNotFoundError(
            f"looking for the project '{PROJECT}': neither '{_working_directory()}' nor a parent folder has a "
            f"{PROJECT_FILE} with 'name: {PROJECT}'. Change to a checkout of the project and run the command again."
        )
    return found


def stack_folder() -> Path:
    """Folder of the stack files."""
    return root() / "stacks"


def configured_stacks(project: Path | None = None) -> list[str]:
    """Names of the stacks with a stack file; empty outside of a project.

    Args:
        project: The project's folder; searched by default.
    """
    folder = project or find()
    files = (folder / "stacks").glob("Pulumi.*.yaml") if folder else ()
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in files)


def require_stack_file(stack: str, project: Path | None = None) -> Path:
    """The stack file of a stack.

    Args:
        stack: Name of the stack.
        project: The project's folder; searched by default.

    Raises:
        ProjectNotFoundError: There is no project.
        UnknownStackError: The file does not exist; the message lists existing stacks.
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
        # The folder was removed, but the shell still knows its name.
        return Path(os.environ.get("PWD", "/"))


def _is_project(folder: Path) -> bool:
    try:
        return f"name: {PROJECT}\n" in (folder / PROJECT_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
