"""Packages that this project's processes never import, each with all that it needs: installed once, into the cache.

Azure's package that checks the YAML of `az ml` has 60 dependencies in versions of its own, and what searches
parameters of sweeps takes 250 MB. Another process of the same interpreter uses them, with the folder as its only
packages. A folder is named after its lock and the interpreter, and complete or absent. Locks have hashes and no
addresses: packages come from wherever pip is configured to get them.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.errors import HostError
from infra.host import file_locks, folders

INSTALL_SECONDS = 900.0
_HASH_LENGTH = 12
_QUOTED_LINES = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageFolder:
    """The packages of one lock.

    Attributes:
        name: Beginning of the folder's name.
        lock: The lock, below the project's folder.
        purpose: What they do, after "what".
        needed_bytes: Free disk space that their installation needs.
        seconds: About how long it takes.
    """

    name: str
    lock: str
    purpose: str
    needed_bytes: int
    seconds: int

    @property
    def doing(self) -> str:
        """What is being done, for messages."""
        return f"installing what {self.purpose}"

    @property
    def folder(self) -> Path:
        """Where the packages are, or will be."""
        lock = folders.repo() / self.lock
        facts = f"{sys.implementation.cache_tag} {platform.machine()}".encode()
        return folders.tools() / f"{self.name}-{hashlib.sha256(lock.read_bytes() + facts).hexdigest()[:_HASH_LENGTH]}"

    @property
    def is_present(self) -> bool:
        """Whether they are installed."""
        return self.folder.is_dir()

    def ensure(self, report: Callable[[str], None] = lambda _line: None, *, python: Path | None = None) -> Path:
        """Install the packages unless they are there; return their folder.

        Args:
            report: Gets a line before something that takes long.
            python: Interpreter that has pip; by default this one.

        Raises:
            HostError: pip is missing or cannot install a package, or the disk is full.
        """
        wanted = self.folder
        if wanted.is_dir():
            return wanted
        folders.private_folder(folders.tools())
        waiting = f"waiting for another process that installs what {self.purpose}"
        with file_locks.hold(folders.tools() / f".{self.name}.lock", self.doing, on_wait=lambda _: report(waiting)):
            if not wanted.is_dir():  # another process may have been faster
                report(f"{self.doing} (once, about {self.seconds} seconds)")
                self._install(wanted, python or Path(sys.executable))
        return wanted

    def _install(self, wanted: Path, python: Path) -> None:
        free = shutil.disk_usage(wanted.parent).free
        if free < self.needed_bytes:
            raise HostError(
                f"{self.doing}: {self.needed_bytes >> 20} MiB of disk space are needed at '{wanted.parent}', "
                f"{free >> 20} MiB are free. Free some space, or set MLW_CACHE to a folder on a larger disk."
            )
        unfinished = wanted.with_name(f".unfinished-{os.getpid()}-{wanted.name}")
        for left in wanted.parent.glob(f".unfinished-*-{wanted.name}"):  # of a killed process: the lock is held here
            shutil.rmtree(left, ignore_errors=True)
        try:
            self._run_pip(python, unfinished)
            unfinished.rename(wanted)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _run_pip(self, python: Path, target: Path) -> None:
        options = ["--disable-pip-version-check", "--no-input", "install", "--quiet", "--only-binary", ":all:"]
        pinned = ["--require-hashes", "--no-deps", "--requirement", str(folders.repo() / self.lock)]
        env = {key: value for key, value in os.environ.items() if key not in {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET"}}
        try:
            done = subprocess.run(
                [str(python), "-m", "pip", *options, *pinned, "--target", str(target)],
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=INSTALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise HostError(f"{self.doing}: pip did not end within {INSTALL_SECONDS:.0f} s and was stopped.") from exc
        except OSError as exc:
            raise HostError(f"{self.doing}: '{python}' cannot be started ({exc.strerror}).") from exc
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()][-_QUOTED_LINES:]
            said = "\n".join(f"  | {line}" for line in lines)
            raise HostError(
                f"{self.doing}: pip could not install {self.lock}. Check the network and pip's settings, and "
                f"run this again. pip's last lines:\n{said}"
            )


AZURE_ML = PackageFolder(
    name="azure-ml",
    lock="mlw/azure_files/requirements.lock",
    purpose="reads Azure's YAML",
    needed_bytes=400 << 20,
    seconds=10,
)
"""Azure's own package that checks the YAML of `az ml`."""

SEARCH = PackageFolder(
    name="search",
    lock="mlw/sweeps/requirements.lock",
    purpose="searches parameters of sweeps",
    needed_bytes=700 << 20,
    seconds=20,
)
"""Optuna and SciPy; only Bayesian and Sobol sampling need them, so `make setup` does not install them."""
