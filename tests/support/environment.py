"""A separate place for a test run: a copy of the project, a home for state, and the environment of ``make -s env``.

The project is copied, so that stack files of tests are never mixed with the user's, and a run with a broken program
does no harm. The home (state backend, passphrase, port claims) is new; the cache of tools and images is the user's,
since filling it takes minutes. Variables of the caller's shell for another backend are dropped first: a test must
never reach the user's own stacks.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import Finished, run

PROJECT_ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(
    ".git",
    ".venv",
    "__pycache__",
    "*.egg-info",
    ".*_cache",
    ".hypothesis",
    ".coverage",
    "build",
    "tests",
    "Pulumi.*.yaml",
)
OWN_VARIABLES = ("MLW_HOME", "XDG_DATA_HOME", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "STACK", "PYTHONPATH")


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """Folder and variables of a test's commands."""

    project: Path
    home: Path
    variables: Mapping[str, str]

    @property
    def state_folder(self) -> Path:
        """The folder of the file backend."""
        return Path(self.variables["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi"

    @property
    def stack_folder(self) -> Path:
        """The folder of the stack files."""
        return self.project / "stacks"

    def mlw(self, *words: str, **variables: str) -> Finished:
        """Run the console script as a user does after ``make env``."""
        return run(["mlw", *words], cwd=self.project, env={**self.variables, **variables})


def copy_project(target: Path) -> Path:
    """Copy the project without its stack files; the Python environment is linked, since it is large and only read."""
    shutil.copytree(PROJECT_ROOT, target, ignore=NOT_COPIED)
    (target / "stacks").mkdir(exist_ok=True)
    (target / ".venv").symlink_to(PROJECT_ROOT / ".venv")
    return target


def outer_variables(home: Path) -> dict[str, str]:
    """Return the caller's variables without those that point at another backend, plus the given home."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in OWN_VARIABLES and not key.startswith(("PULUMI_", "PYTEST_"))
    }
    return {**kept, "MLW_HOME": str(home)}


def make_environment(project: Path, home: Path, *, backend: Path | None = None) -> Environment:
    """Set the environment as the README says: ``eval "$(make -s env)"``.

    This runs in the checkout, not in the copy: a Python environment belongs to the folder that it was created in.

    Args:
        project: The copy of the project.
        home: Passphrase, claims and, unless told otherwise, state.
        backend: A folder for the state, if several backends share a home.
    """
    script = 'exports="$(make -s env)" || exit; eval "$exports"; exec env -0'
    made = run(["sh", "-c", script], cwd=PROJECT_ROOT, env=outer_variables(home), timeout_seconds=300)
    printed = made.check().stdout
    pairs = (pair.partition("=") for pair in printed.split("\0") if pair)
    variables = {key: value for key, _, value in pairs}
    if backend is not None:
        backend.mkdir(mode=0o700)
        variables["PULUMI_BACKEND_URL"] = f"file://{backend}"
    return Environment(project=project, home=home, variables=variables)
