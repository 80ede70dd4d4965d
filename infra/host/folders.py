"""Locations of all files, and folders that only their owner can read.

There are two roots, both outside the repository: `MLW_HOME` for data that must not be lost (state, passphrase), and
`MLW_CACHE` for data that can be recreated (tools, binaries of images, plugins). Functions instead of constants, so that
a test or a second installation only needs to set the variables.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from infra.errors import HostError

PRIVATE = 0o700


def repo() -> Path:
    """The folder that contains this code: a checkout, or the folder of installed Python packages."""
    return Path(__file__).resolve().parents[2]


def home() -> Path:
    """Folder for data that must not be lost: `MLW_HOME`, by default in the user's data folder."""
    return _root("MLW_HOME", "XDG_DATA_HOME", ".local/share")


def cache() -> Path:
    """Folder for data that can be recreated: `MLW_CACHE`, by default in the user's cache folder."""
    return _root("MLW_CACHE", "XDG_CACHE_HOME", ".cache")


def state() -> Path:
    """Pulumi's file backend."""
    return home() / "state"


def passphrase() -> Path:
    """File with the passphrase of the state's secrets."""
    return home() / "passphrase"


def locks() -> Path:
    """Locks of the stacks and of shared files."""
    return home() / "locks"


def tools() -> Path:
    """Installed tools, one folder per version and recipe."""
    return cache() / "tools"


def bin_folder() -> Path:
    """Links to the tools; first on the PATH."""
    return cache() / "bin"


def pulumi_home() -> Path:
    """Pulumi's own folder (`PULUMI_HOME`): plugins, credentials of backends."""
    return cache() / "pulumi-home"


def build() -> Path:
    """Temporary files of builds: module and build caches."""
    return cache() / "build"


def engine() -> Path:
    """Log and process record of a Docker engine started by the bootstrap."""
    return cache() / "engine"


def replaced_images() -> Path:
    """File with the ids of replaced images that containers still used."""
    return cache() / "replaced-images"


def venv() -> Path:
    """The Python environment: the checkout's, or the one that the code is installed in."""
    return repo() / ".venv" if (repo() / "pyproject.toml").is_file() else Path(sys.prefix)


def private_folder(folder: Path) -> Path:
    """Create a folder that only its owner can read, and verify that it is writable.

    Raises:
        HostError: The folder cannot be created or is not writable.
    """
    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        # Write a file: permission bits do not cover root, a full disk or a read-only file system.
        trial = folder / f".writable-{os.getpid()}-{threading.get_ident()}"
        trial.write_bytes(b"x")
        trial.unlink()
    except OSError as exc:
        raise HostError(
            f"preparing the folder '{folder}': it is not writable ({exc.strerror}). "
            f"Make it writable for your user, free some space, or set {_variable_of(folder)} to another folder."
        ) from exc
    return folder


def _variable_of(folder: Path) -> str:
    """The variable that moves a folder; outside both roots there is only the user's own state backend."""
    roots = {"MLW_HOME": home(), "MLW_CACHE": cache()}
    return next((name for name, root in roots.items() if folder.is_relative_to(root)), "PULUMI_BACKEND_URL")


def _root(variable: str, xdg_variable: str, below_user: str) -> Path:
    if chosen := os.environ.get(variable):
        return Path(os.path.abspath(Path(chosen).expanduser()))  # noqa: PTH100  (keeps links: shown as set)
    xdg = os.environ.get(xdg_variable)
    parent = Path(xdg) if xdg else _home_of_user(variable) / below_user
    return parent / "ml-workspace"


def _home_of_user(variable: str) -> Path:
    try:
        return Path.home()
    except RuntimeError as exc:
        raise HostError(
            f"looking for your home folder: HOME is not set, and user id {os.getuid()} has no entry in the user "
            f"database. Set HOME to your home folder, or {variable} to the folder to use."
        ) from exc
