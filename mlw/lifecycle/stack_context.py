"""Where everything of one stack lives: folders, files, environment of its commands.

Paths of the state follow Pulumi's file backend (`.pulumi/stacks/<project>/<stack>.json` and so on). With any other
backend there is no such folder: the state is then reached through the CLI alone, and recovery is that backend's own.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra import labels
from infra.clients.engine import claims
from mlw.lifecycle.lifecycle_errors import LifecycleError, StateFolderError, UnknownStackError

PROJECT = "ml-workspace"
ROOT = Path(__file__).resolve().parents[2]
UNSUITABLE = ("PULUMI_SKIP_CHECKPOINTS", "PULUMI_DIY_BACKEND_GZIP", "PULUMI_DIY_BACKEND_ZSTD")
"""Settings under which a killed run could not be recovered: no state between the steps, or one that is compressed."""

STACK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Context:
    """One stack of one state backend, as the commands of this package see it."""

    stack: str
    environment: Mapping[str, str]
    """Of every child process; the same as `make env` prints."""

    home: Path
    """`MLW_HOME`: state, passphrase, locks, port claims."""

    root: Path = ROOT
    """The checkout that holds `Pulumi.yaml`."""

    configuration: Path | None = None
    """A stack file outside of the checkout, where a stack has one."""

    @property
    def backend_url(self) -> str:
        """Address of the state backend."""
        return self.environment.get("PULUMI_BACKEND_URL", "")

    @property
    def backend_id(self) -> str:
        """The value of the backend's label on every object of the stack."""
        return labels.backend_id(self.backend_url)

    @property
    def owner(self) -> str:
        """The stack's key in the port claims."""
        return f"{self.backend_id}/{self.stack}"

    @property
    def bookkeeping(self) -> Path | None:
        """The file backend's `.pulumi` folder; None with any other backend."""
        address = urlsplit(self.backend_url)
        if address.scheme != "file":
            return None
        return Path(unquote(address.netloc + address.path)).expanduser() / ".pulumi"

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
        """Folder of the copies that survive a power loss, and of damaged state files that were put aside."""
        return self.home / "backups" / self.backend_id / self.stack

    @property
    def workdir(self) -> Path:
        """Folder with a private copy of the stack file, so that no command writes into the checkout."""
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

    def _below(self, *parts: str) -> Path | None:
        folder = self.bookkeeping
        return folder.joinpath(*parts) if folder else None

    def require_stack_file(self) -> None:
        """Refuse a stack that nobody has configured.

        Raises:
            UnknownStackError: With the stacks that exist.
        """
        if not self.stack_file.is_file():
            known = ", ".join(stacks_of(self.root)) or "none"
            raise UnknownStackError(
                f"looking for stack '{self.stack}': there is no file 'stacks/{self.stack_file.name}'. "
                f"Stacks that exist: {known}. Choose one with STACK=<name>, or write the file."
            )

    def prepare_folders(self) -> None:
        """Make the private folders.

        Raises:
            StateFolderError: One of them cannot be made or written.
        """
        folders = [self.home, self.lock_file.parent, self.workdir, self.safe_copies]
        if self.bookkeeping:
            folders.append(self.bookkeeping.parent)
        for folder in folders:
            _make_private_folder(folder)


def _make_private_folder(folder: Path) -> None:
    # A trial file, since permission bits say nothing about root, a full disk or a read-only file system.
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trial = folder / f".writable-{os.getpid()}"
        trial.write_bytes(b"x")
        trial.unlink()
    except OSError as exc:
        raise StateFolderError(
            f"preparing the state folder: '{folder}' cannot be written ({exc.strerror}). "
            "Make it writable for your user, free some space, or set MLW_HOME to another folder."
        ) from exc


def stacks_of(root: Path) -> list[str]:
    """Names of the stacks that have a file."""
    return sorted(path.name[len("Pulumi.") : -len(".yaml")] for path in (root / "stacks").glob("Pulumi.*.yaml"))


def load(stack: str, environment: Mapping[str, str]) -> Context:
    """Describe one stack.

    Args:
        stack: Its name, as in `stacks/Pulumi.<name>.yaml`.
        environment: What `make env` exports, merged into the process's own.

    Raises:
        UnknownStackError: The name cannot be a stack's.
    """
    if not STACK_NAME.fullmatch(stack):
        raise UnknownStackError(
            f"looking for stack '{stack}': a stack's name is 1-100 characters of letters, digits, '.', '_' and '-', "
            f"and starts with a letter or digit. Stacks that exist: {', '.join(stacks_of(ROOT)) or 'none'}."
        )
    return Context(stack=stack, environment=suitable(environment), home=claims.home())


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
