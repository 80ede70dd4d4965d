"""What reads Azure's YAML: installed here, so that commands on jobs and assets work without a connection later.

A workspace without jobs does not need it: where pip cannot deliver it, the step counts as done after one attempt, and
the first command that needs it tries again itself.
"""

from __future__ import annotations

from pathlib import Path

from infra.errors import HostError
from infra.host import folders
from infra.host.package_folders import AZURE_ML
from tools.bootstrap.progress import Report


def is_settled() -> bool:
    """Whether it is installed, or was not to be had."""
    return AZURE_ML.is_present or _not_to_be_had().exists()


def ensure(report: Report) -> str:
    """Install it; failing is no error."""
    try:
        AZURE_ML.ensure(report, python=folders.venv() / "bin" / "python")
    except HostError as exc:
        folders.private_folder(folders.tools())
        _not_to_be_had().touch()
        return f"left to the first command that needs it: {exc}"
    return "installed"


def _not_to_be_had() -> Path:
    wanted = AZURE_ML.folder
    return wanted.with_name(f"{wanted.name}.not-installed")
