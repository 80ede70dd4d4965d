"""Where everything lies, and folders that only their owner can read.

Two roots, both outside the repository: `MLW_HOME` holds what must not get lost (state, passphrase), `MLW_CACHE` what
can be made again (tools, images' binaries, plugins). Functions instead of constants, so that a test or a second
installation on one machine only has to set the variables.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from infra.errors import HostError

PRIVATE = 0o700


def repo() -> Path:
    """The folder that this code is in: a checkout, or where Python packages are installed."""
    return Path(__file__).resolve().parents[2]


def home() -> Path:
    """What must not get lost: `MLW_HOME`, by default below the user's data folder."""
    return _root("MLW_HOME", "XDG_DATA_HOME", ".local/share")


def cache() -> Path:
    """What can be made again: `MLW_CACHE`, by default below the user's cache folder."""
    return _root("MLW_CACHE", "XDG_CACHE_HOME", ".cache")


def state() -> Path:
    """Pulumi's file backend."""
    return home() / "state"


def passphrase() -> Path:
    """The file with the passphrase that the state's secrets are encrypted with."""
    return home() / "passphrase"


def locks() -> Path:
    """Locks of the stacks, and of what they share."""
    return home() / "locks"


def tools() -> Path:
    """Finished tools, one folder for each version and recipe."""
    return cache() / "tools"


def bin_folder() -> Path:
    """Links to the tools; first on the PATH."""
    return cache() / "bin"


def pulumi_home() -> Path:
    """Pulumi's own folder (`PULUMI_HOME`): plugins, credentials of backends."""
    return cache() / "pulumi-home"


def build() -> Path:
    """What exists only while something is built: module and build caches, temporary files."""
    return cache() / "build"


def engine() -> Path:
    """Log and process record of a Docker engine that the bootstrap started."""
    return cache() / "engine"


def replaced_images() -> Path:
    """File with the ids of replaced images that containers still ran on."""
    return cache() / "replaced-images"


def venv() -> Path:
    """The Python environment: the checkout's own; of installed code, the one that it is installed in."""
    return repo() / ".venv" if (repo() / "pyproject.toml").is_file() else Path(sys.prefix)


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner can read, and make sure that it can be written.

    Raises:
        HostError: It cannot be made or written.
    """
    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        # A trial file, since permission bits say nothing about root, a full disk or a read-only file system.
        trial = folder / f".writable-{os.getpid()}"
        trial.write_bytes(b"x")
        trial.unlink()
    except OSError as exc:
        raise HostError(
            f"preparing the folder '{folder}': it cannot be written ({exc.strerror}). "
            f"Make it writable for your user, free some space, or set {_variable_of(folder)} to another folder."
        ) from exc
    return folder


def _variable_of(folder: Path) -> str:
    """What the user sets to have a folder elsewhere; outside of both roots there is only a state backend of his own."""
    roots = {"MLW_HOME": home(), "MLW_CACHE": cache()}
    return next((name for name, root in roots.items() if folder.is_relative_to(root)), "PULUMI_BACKEND_URL")


def _root(variable: str, xdg_variable: str, below_user: str) -> Path:
    if chosen := os.environ.get(variable):
        return Path(os.path.abspath(Path(chosen).expanduser()))  # noqa: PTH100  (no links resolved: shown as chosen)
    xdg = os.environ.get(xdg_variable)
    parent = Path(xdg) if xdg else _home_of_user(variable) / below_user
    return parent / "ml-workspace"


def _home_of_user(variable: str) -> Path:
    try:
        return Path.home()
    except RuntimeError as exc:
        raise HostError(
            f"looking for your home folder: HOME is not set, and user id {os.getuid()} has no entry in the user "
            f"database. Set HOME to a folder of yours, or {variable} to the folder to use."
        ) from exc
