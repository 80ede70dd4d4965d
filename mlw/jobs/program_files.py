"""Programs of this project that run in the containers of jobs: which files they are, and where a job has them.

They are plain files below `mlw/job_programs`, a folder for each program, beside modules that all of them have. A job
imports them by the names that they have here. Python is that of the job's environment, 3.9 or newer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mlw.jobs import job_paths
from mlw.jobs.ports import SourceFile

FOLDER = Path(__file__).parents[1] / "job_programs"
_ROOT = FOLDER.parents[1]


def command_line(program: str) -> str:
    """The beginning of a command that runs a program; the command's own folder comes first on Python's path."""
    return (
        f'PYTHONPATH="{job_paths.MOUNT}/{job_paths.PROGRAM}${{PYTHONPATH:+:$PYTHONPATH}}" '
        f'"$(command -v python || echo python3)" -m mlw.job_programs.{program}'
    )


def files(program: str) -> Iterator[SourceFile]:
    """Files of a program, as they are put into a container; none if its name is empty."""
    for path in _paths(program):
        content = path.read_bytes()
        name = f"{job_paths.PROGRAM}/{path.relative_to(_ROOT).as_posix()}"
        yield SourceFile(name=name, size=len(content), content=(content,), is_read_only=True)


@cache
def digest(program: str) -> str:
    """Hash of a program; empty if its name is."""
    if not program:
        return ""
    found = hashlib.sha256()
    for path in _paths(program):
        found.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def _paths(program: str) -> list[Path]:
    if not program:
        return []
    above = FOLDER.parent / "__init__.py"
    return [above, *sorted(FOLDER.glob("*.py")), *sorted((FOLDER / program).rglob("*.py"))]
