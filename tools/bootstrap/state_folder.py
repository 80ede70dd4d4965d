"""Pulumi's file backend and the passphrase of its secrets: created once, private to the user, never overwritten.

Without its passphrase the secrets of a state cannot be read. Where a state exists, a missing passphrase is therefore an
error and not a reason to create a new one.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from infra.host import atomic_files, folders, state_backend
from infra.host.project import PROJECT
from tools.bootstrap.bootstrap_errors import BootstrapError

PASSPHRASE_BYTES = 32
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def is_present() -> bool:
    """Whether state folder and passphrase exist, writable by the user and inaccessible to others."""
    private = [folders.home(), folders.state()]
    try:
        modes = [path.stat().st_mode for path in (*private, folders.passphrase())]
    except OSError:
        return False
    filled = folders.passphrase().stat().st_size > 0
    return filled and not any(mode & OTHERS for mode in modes) and all(os.access(path, os.W_OK) for path in private)


def ensure() -> str:
    """Create what is missing and remove permissions of others; return what was done."""
    for folder in (folders.home(), folders.state()):
        folders.private_folder(folder)
        _close(folder, folders.PRIVATE)
    passphrase = folders.passphrase()
    if passphrase.exists():
        if passphrase.stat().st_size == 0:
            raise BootstrapError(f"preparing the state: the passphrase file '{passphrase}' is empty. {_ADVICE}")
        _close(passphrase, 0o600)
        return "ready"
    if stacks := state_backend.state_files(folders.state() / ".pulumi", PROJECT):
        raise BootstrapError(
            f"preparing the state: '{folders.state()}' holds the stack '{min(stacks)}', but the passphrase file "
            f"'{passphrase}' is missing. {_ADVICE}"
        )
    try:
        atomic_files.write_once(passphrase, secrets.token_urlsafe(PASSPHRASE_BYTES) + "\n")
    except OSError as exc:
        raise BootstrapError(f"writing the passphrase file '{passphrase}': {exc.strerror}.") from exc
    return "created, with a new passphrase"


_ADVICE = (
    "Without the passphrase the state's secrets cannot be read: restore the file from a backup. "
    "To start over instead, move the state folder away."
)


def _close(path: Path, mode: int) -> None:
    """Remove the permissions of others."""
    if path.stat().st_mode & OTHERS:
        try:
            path.chmod(mode)
        except OSError as exc:
            raise BootstrapError(
                f"preparing the state: '{path}' is accessible to other users, and its permissions cannot be changed "
                f"({exc.strerror}). Make your user its owner, or set MLW_HOME to another folder."
            ) from exc
