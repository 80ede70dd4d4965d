"""Install Debian packages, for what only the system can provide: Docker's engine, Python's venv, a C++ compiler."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from tools.bootstrap import child_processes

LIST_SECONDS = 180.0
INSTALL_SECONDS = 900.0


def can_install() -> bool:
    """Whether this process can install packages: as root on Debian, Ubuntu and their derivatives."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str], *, doing: str) -> None:
    """Install packages without questions."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    child_processes.run(["apt-get", "update"], doing=doing, env=env, timeout=LIST_SECONDS)
    child_processes.run(
        ["apt-get", "install", "--yes", "--no-install-recommends", *packages],
        doing=doing,
        env=env,
        timeout=INSTALL_SECONDS,
    )
