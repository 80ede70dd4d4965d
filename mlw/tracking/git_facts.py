"""Commit, branch, repository and dirty flag of a folder, as tags of a run under Azure's and MLflow's names.

Both services read them with the same commands of git. What a folder without a repository, or a machine without git,
cannot tell is left out.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

COMMIT, BRANCH, REPOSITORY = "mlflow.source.git.commit", "mlflow.source.git.branch", "mlflow.source.git.repoURL"
DIRTY = "azureml.git.dirty"
_SECONDS = 20.0

_COMMANDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    (REPOSITORY, "azureml.git.repository_uri"): ("config", "--get", "remote.origin.url"),
    (BRANCH, "azureml.git.branch"): ("symbolic-ref", "--short", "HEAD"),
    (COMMIT, "azureml.git.commit"): ("rev-parse", "HEAD"),
}


def git_facts(folder: Path) -> dict[str, str]:
    """Read the tags of a folder; empty outside a repository."""
    found: dict[str, str] = {}
    for names, words in _COMMANDS.items():
        if value := _git(folder, *words):
            found |= dict.fromkeys(names, without_login(value))
    if COMMIT not in found:
        return {}
    changes = _git(folder, "status", "--porcelain", ".")
    return found if changes is None else {**found, DIRTY: str(bool(changes))}


def without_login(address: str) -> str:
    """An address without user and password, which some people keep in the address of a remote."""
    url = urlsplit(address)
    if url.scheme not in {"http", "https"} or "@" not in url.netloc:
        return address
    return urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2]))


def _git(folder: Path, *words: str) -> str | None:
    """What git prints; None if it fails."""
    # Without the lock of the index: somebody may be working in the repository. In git's own hooks these variables
    # name another repository.
    environment = {name: value for name, value in os.environ.items() if name not in {"GIT_DIR", "GIT_WORK_TREE"}}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            env={**environment, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True, text=True, errors="replace", check=False, timeout=_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
