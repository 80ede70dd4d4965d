"""Paths in the notebooks' file store: `Users/ana/train.ipynb` is a file, `Users/ana/` a folder."""

from __future__ import annotations

import re

from infra.errors import MlWorkspaceError

ROOT = "Users/"
"""The folder that all paths begin with, as in JupyterLab."""

_LONGEST_BYTES = 255
_LONGEST_PATH_BYTES = 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class NotebookPathError(MlWorkspaceError):
    """A path or a name cannot be one of a file or a folder."""


def require_path(path: str, *, is_folder: bool) -> str:
    """A path that a request names.

    Raises:
        NotebookPathError: It leads out of the file store, or cannot be one.
    """
    parts = path.removesuffix("/").split("/")
    is_valid = path.startswith(ROOT) and all(map(_is_name, parts)) and path.endswith("/") == is_folder
    if not is_valid or len(path.encode()) > _LONGEST_PATH_BYTES:
        what = "folder" if is_folder else "file"
        raise NotebookPathError(
            f"opening '{path}': not a {what} of the notebooks' file store. Its paths begin with '{ROOT}' and have no "
            "'.', '..' or empty parts."
        )
    return path


def require_name(name: str) -> str:
    """A name that a request gives to a file or a folder.

    Raises:
        NotebookPathError: It cannot be one.
    """
    if not _is_name(name):
        raise NotebookPathError(
            f"using the name '{name}': not a name of a file or a folder; allowed: 1 to {_LONGEST_BYTES} bytes without "
            "'/' and control characters, not '.' or '..'. Choose another name."
        )
    return name


def name_of(path: str) -> str:
    """Last part of a path."""
    return path.rstrip("/").rpartition("/")[2]


def folder_of(path: str) -> str:
    """The folder that a file or a folder is in; the root is in itself."""
    return path.rstrip("/")[: -len(name_of(path))] or ROOT


def crumbs(folder: str) -> list[tuple[str, str]]:
    """Each folder on the way: its own name, and its path."""
    names = folder.split("/")[:-1]
    return [(name, "/".join(names[: number + 1]) + "/") for number, name in enumerate(names)]


def _is_name(name: str) -> bool:
    return (
        0 < len(name.encode()) <= _LONGEST_BYTES
        and "/" not in name
        and name not in {".", ".."}
        and not _CONTROL.search(name)
    )
