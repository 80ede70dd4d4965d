"""MLflow's own client for tests, unmodified, in an environment of its own: the project does not depend on it.

It is made of the tracking server's lock, which pins every package with hashes, and is kept in the cache.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from infra.host import file_locks, folders
from tests.support.environment import PROJECT_ROOT

LOCK = PROJECT_ROOT / "tools" / "python" / "tracking" / "requirements.lock"
_MADE = "complete"


def mlflow_client() -> Path:
    """Return the folder with its `python`, for the beginning of PATH; made when it is first asked for."""
    folder = folders.cache() / f"mlflow-client-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    with file_locks.hold(folder.with_suffix(".lock"), "the environment of MLflow's client"):
        if not (folder / _MADE).exists():
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
            words = ("install", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "-r", str(LOCK))
            _run(str(folder / "bin" / "python"), "-m", "pip", *words)
            (folder / _MADE).touch()
    return folder / "bin"


def _run(*words: str) -> None:
    subprocess.run(words, check=True)
