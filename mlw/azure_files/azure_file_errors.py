"""Errors about files in Azure's YAML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from infra.errors import MlWorkspaceError


class AzureFileError(MlWorkspaceError):
    """A file cannot be read, or is not what Azure's schema allows."""


class NotRunnableHereError(AzureFileError):
    """A file is valid in Azure, but needs something that a local workspace does not have."""


def problems_of(doing: str, problems: Sequence[str]) -> AzureFileError:
    """One error for all that is wrong."""
    if len(problems) == 1:
        return AzureFileError(f"{doing}: {problems[0]}")
    return AzureFileError(f"{doing}: {len(problems)} problems.\n" + "\n".join(f"  {one}" for one in problems))


def reading(kind: str, path: Path) -> str:
    """What is being done, for messages."""
    return f"reading {kind} file '{path}'"
