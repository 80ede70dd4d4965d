"""Azure's own package that checks the YAML of `az ml`, with all that it needs: installed once, into the cache.

It has 60 dependencies, in versions of its own, so it is never imported by this project's processes: another process of
the same interpreter does, with this folder as its only packages. The folder is named after the lock and the
interpreter, and complete or absent. The lock has hashes and no addresses: packages come from wherever pip is configured
to get them.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from infra.errors import HostError
from infra.host import file_locks, folders

LOCK = "mlw/azure_files/requirements.lock"
INSTALL_SECONDS = 900.0
NEEDED_BYTES = 400 << 20
_HASH_LENGTH = 12
_QUOTED_LINES = 6
_DOING = "installing what reads Azure's YAML"


def folder() -> Path:
    """Where the packages are, or will be."""
    lock = folders.repo() / LOCK
    facts = f"{sys.implementation.cache_tag} {platform.machine()}".encode()
    return folders.tools() / f"azure-ml-{hashlib.sha256(lock.read_bytes() + facts).hexdigest()[:_HASH_LENGTH]}"


def are_present() -> bool:
    """Whether they are installed."""
    return folder().is_dir()


def ensure(report: Callable[[str], None] = lambda _line: None, *, python: Path | None = None) -> Path:
    """Install the packages unless they are there; return their folder.

    Args:
        report: Gets a line before something that takes long.
        python: Interpreter that has pip; by default this one.

    Raises:
        HostError: pip is missing or cannot install a package, or the disk is full.
    """
    wanted = folder()
    if wanted.is_dir():
        return wanted
    folders.private_folder(folders.tools())
    waiting = "waiting for another process that installs what reads Azure's YAML"
    with file_locks.hold(folders.tools() / ".azure-ml.lock", _DOING, on_wait=lambda _: report(waiting)):
        if not wanted.is_dir():  # another process may have been faster
            report(f"{_DOING} (once, about 10 seconds)")
            _install(wanted, python or Path(sys.executable))
    return wanted


def _install(wanted: Path, python: Path) -> None:
    free = shutil.disk_usage(wanted.parent).free
    if free < NEEDED_BYTES:
        raise HostError(
            f"{_DOING}: {NEEDED_BYTES >> 20} MiB of disk space are needed at '{wanted.parent}', {free >> 20} MiB are "
            "free. Free some space, or set MLW_CACHE to a folder on a larger disk."
        )
    unfinished = wanted.with_name(f".unfinished-{os.getpid()}-{wanted.name}")
    for left in wanted.parent.glob(f".unfinished-*-{wanted.name}"):  # of a killed process: the lock is held here
        shutil.rmtree(left, ignore_errors=True)
    try:
        _run_pip(python, unfinished)
        unfinished.rename(wanted)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _run_pip(python: Path, target: Path) -> None:
    options = ["--disable-pip-version-check", "--no-input", "install", "--quiet", "--only-binary", ":all:"]
    pinned = ["--require-hashes", "--no-deps", "--requirement", str(folders.repo() / LOCK), "--target", str(target)]
    env = {key: value for key, value in os.environ.items() if key not in {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET"}}
    try:
        done = subprocess.run(
            [str(python), "-m", "pip", *options, *pinned],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise HostError(f"{_DOING}: pip did not end within {INSTALL_SECONDS:.0f} s and was stopped.") from exc
    except OSError as exc:
        raise HostError(f"{_DOING}: '{python}' cannot be started ({exc.strerror}).") from exc
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()][-_QUOTED_LINES:]
        said = "\n".join(f"  | {line}" for line in lines)
        raise HostError(
            f"{_DOING}: pip could not install {LOCK}. Check the network and pip's settings, or run `make setup` once "
            f"while there is a connection. pip's last lines:\n{said}"
        )
