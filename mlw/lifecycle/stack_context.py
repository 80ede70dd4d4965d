"""Folders, files and environment of one stack.

Paths of the state follow Pulumi's file backend (`.pulumi/stacks/<project>/<stack>.json` and so on). With any other
backend there is no such folder: the state is then reached through the CLI alone, and recovery is that backend's own.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.errors import UnknownStackError
from infra.host import folders, project, state_backend
from infra.host.project import PROJECT
from mlw.lifecycle.lifecycle_errors import LifecycleError

UNSUITABLE = ("PULUMI_SKIP_CHECKPOINTS", "PULUMI_DIY_BACKEND_GZIP", "PULUMI_DIY_BACKEND_ZSTD")
"""Settings that prevent recovery after a killed run: no state between steps, or a compressed one."""

STACK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Context:
    """One stack of one state backend, as the commands of this package see it."""

    stack: str
    environment: Mapping[str, str]
    """Of every child process; the same as `make env` prints."""

    home: Path
    """`MLW_HOME`: state, passphrase, locks, port claims."""

    project_folder: Path | None = None
    """The folder of the project; searched on demand, because a state alone needs none."""

    configuration: Path | None = None
    """A stack file outside of the project, if any."""

    @property
    def root(self) -> Path:
        """The folder that holds `Pulumi.yaml`.

        Raises:
            ProjectNotFoundError: There is none.
        """
        return self.project_folder or project.root()

    @property
    def backend_url(self) -> str:
        """Address of the state backend."""
        return self.environment.get(state_backend.VARIABLE, "")

    @property
    def backend_id(self) -> str:
        """Name of the backend in folders and locks of this machine."""
        return state_backend.backend_id(self.backend_url)

    @property
    def run(self) -> str:
        """What every process of a run on the stack has in its environment; see `run_processes`."""
        return f"{self.backend_id}/{self.stack}"

    @property
    def backend_folder(self) -> Path | None:
        """The file backend's `.pulumi` folder; None with any other backend."""
        return state_backend.backend_folder(self.backend_url)

    @property
    def state_file(self) -> Path | None:
        """The stack's state; None with any other backend than files."""
        return self._below("stacks", PROJECT, f"{self.stack}.json")

    @property
    def pulumi_locks(self) -> Path | None:
        """Folder of Pulumi's own locks of the stack."""
        return self._below("locks", "organization", PROJECT, self.stack)

    @property
    def history(self) -> Path | None:
        """Folder with one entry for each past operation."""
        return self._below("history", PROJECT, self.stack)

    @property
    def backups(self) -> Path | None:
        """Folder with a copy of the state after each past operation."""
        return self._below("backups", PROJECT, self.stack)

    @property
    def safe_copies(self) -> Path:
        """Folder of flushed copies of the state, and of damaged state files that were moved away."""
        return self.home / "backups" / self.backend_id / self.stack

    @property
    def workdir(self) -> Path:
        """Folder with a private copy of the stack file, so that no command writes into the project."""
        return self.home / "run" / self.backend_id / self.stack

    @property
    def private_stack_file(self) -> Path:
        """The private copy itself."""
        return self.workdir / f"Pulumi.{self.stack}.yaml"

    @property
    def lock_file(self) -> Path:
        """Lock that `make up`, `make down` and the like hold while they work on the stack."""
        return self.home / "locks" / f"{self.backend_id}-{self.stack}.lock"

    @property
    def stack_file(self) -> Path:
        """The user's configuration of the stack."""
        return self.configuration or self.root / "stacks" / f"Pulumi.{self.stack}.yaml"

    def _below(self, *names: str) -> Path | None:
        return self.backend_folder.joinpath(*names) if self.backend_folder else None

    def require_stack_file(self) -> None:
        """Reject a stack without a stack file.

        Raises:
            UnknownStackError: With the stacks that exist.
        """
        if self.configuration is None:
            project.require_stack_file(self.stack, self.root)

    def prepare_folders(self) -> None:
        """Create the private folders.

        Raises:
            HostError: One of them cannot be created or written.
        """
        backend = [self.backend_folder.parent] if self.backend_folder else []
        for folder in [self.home, self.lock_file.parent, self.workdir, self.safe_copies, *backend]:
            folders.private_folder(folder)


def load(stack: str, environment: Mapping[str, str]) -> Context:
    """Describe one stack.

    Args:
        stack: Its name, as in `stacks/Pulumi.<name>.yaml`.
        environment: What `make env` exports, merged into the process's own.

    Raises:
        UnknownStackError: The name is invalid.
    """
    if not STACK_NAME.fullmatch(stack):
        raise UnknownStackError(
            f"looking for stack '{stack}': a stack's name is 1-100 characters of letters, digits, '.', '_' and '-', "
            f"and starts with a letter or digit. Stacks: {', '.join(project.configured_stacks()) or 'none'}."
        )
    return Context(stack=stack, environment=suitable(environment), home=folders.home())


def suitable(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for commands whose stack can be recovered."""
    return {name: value for name, value in environment.items() if name not in UNSUITABLE}


def pulumi_command(environment: Mapping[str, str]) -> str:
    """Find the Pulumi CLI itself, past the guard of the same name that `make env` puts first on PATH.

    Raises:
        LifecycleError: It is not installed.
    """
    path = environment.get("PATH")
    found = shutil.which("pulumi-cli", path=path) or shutil.which("pulumi", path=path)
    if not found:
        raise LifecycleError("starting pulumi: it is not on PATH. Run `make setup` first.")
    return found
