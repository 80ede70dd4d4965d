"""The machine's C++ compiler, for the one program that contains C++; where it can, the bootstrap installs it.

Such a program is linked statically, so the static C and C++ libraries are needed, too. Debian's package has both; other
distributions have packages of their own for them.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from tools.bootstrap import child_processes, system_packages
from tools.bootstrap.bootstrap_errors import BootstrapError

PACKAGE = "g++"
LIBRARIES = ("libc.a", "libstdc++.a")
COMPILER_SECONDS = 30.0


def ensure(*, doing: str) -> None:
    """Make sure that C++ can be compiled and linked statically.

    Raises:
        BootstrapError: There is no compiler, or a static library is missing, and packages cannot be installed.
    """
    problem = _problem()
    if problem and system_packages.can_install():
        system_packages.install([PACKAGE], doing=doing)
        problem = _problem()
    if problem:
        raise BootstrapError(
            f"{doing}: {problem}. Install a C++ compiler with static libraries: on Debian and Ubuntu "
            f"`sudo apt-get install {PACKAGE}`, on Fedora `sudo dnf install gcc-c++ glibc-static libstdc++-static`. Or "
            "set MLW_IMAGE_REGISTRY to a mirror that has the finished images."
        )


def _problem() -> str:
    """What is missing; empty if nothing."""
    for variable, usual in (("CC", "gcc"), ("CXX", "g++")):
        if shutil.which(_command(variable, usual)[0]) is None:
            return f"the command '{_command(variable, usual)[0]}' was not found on PATH"
    missing = [library for library in LIBRARIES if not _has(library)]
    return f"the C++ compiler has no {' and no '.join(missing)}" if missing else ""


def _command(variable: str, usual: str) -> list[str]:
    """A compiler as Go's toolchain starts it."""
    return shlex.split(os.environ.get(variable, "")) or [usual]


def _has(library: str) -> bool:
    """Whether the compiler finds a library: it prints the bare name of one that it does not have."""
    command = [*_command("CXX", "g++"), f"-print-file-name={library}"]
    found = child_processes.run(command, doing="asking the C++ compiler for its libraries", timeout=COMPILER_SECONDS)
    return Path(found.strip()).is_absolute()
