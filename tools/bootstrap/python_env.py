"""The project's Python environment, `.venv`: exactly the packages of `requirements.lock`, and the project itself.

A stamp in the environment identifies the lock that it was made from. Without the right stamp the environment is made
again, so that a killed run never leaves one that only looks complete. The lock has hashes and no addresses: packages
come from wherever pip is configured to get them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

from infra.host import atomic_files, folders
from tools.bootstrap import child_processes, disk, system_packages
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.progress import Report

LOCK = "requirements.lock"
PROJECT = "pyproject.toml"
STAMP = "ml-workspace-stamp.json"
START = "ml_workspace_lazy_imports"
"""Module and `.pth` file of what the environment's Python does first."""

LAZY_IMPORTS = Path(__file__).with_name("lazy_imports.py")
SPACE = disk.GIB
INSTALL_SECONDS = 1200.0


def wanted_stamp() -> dict[str, str]:
    """The stamp of an up-to-date environment."""
    place = str(folders.repo())  # an environment cannot be moved
    return {
        "packages": _hash(folders.repo() / LOCK, place),
        "project": _hash(folders.repo() / PROJECT, place),
        "start": _hash(LAZY_IMPORTS, place),
    }


def is_present() -> bool:
    """Whether the environment exists and matches this checkout."""
    return _has_interpreter() and _found_stamp() == wanted_stamp()


def ensure(report: Report) -> str:
    """Bring the environment up to date; return what was done."""
    wanted = wanted_stamp()
    # Its interpreter is a link to the system's, which disappears when the system is upgraded to another version.
    is_new = not _has_interpreter() or _found_stamp().get("packages") != wanted["packages"]
    if is_new:
        disk.require(folders.venv(), SPACE, doing="making the Python environment")
        report("making the environment and installing packages")
        _remove_old()
        _create()
        _pip("install", "--require-hashes", "--no-deps", "--requirement", str(folders.repo() / LOCK))
    # A path in a `.pth` file: the import hook that setuptools installs otherwise costs 12 ms at every start of Python.
    plain = "editable_mode=compat"
    editable = ["--config-settings", plain, "--editable", str(folders.repo())]
    _pip("install", "--no-deps", "--no-build-isolation", *editable)
    _install_start()
    atomic_files.write(folders.venv() / STAMP, json.dumps(wanted), mode=0o644)
    return "made" if is_new else "project installed"


def _install_start() -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folders.venv() / "lib" / version / "site-packages"
    atomic_files.write(packages / f"{START}.py", LAZY_IMPORTS.read_text(), mode=0o644)
    # Python runs the lines of such a file that begin with `import`.
    atomic_files.write(packages / f"{START}.pth", f"import {START}; {START}.postpone()\n", mode=0o644)


def _has_interpreter() -> bool:
    return (folders.venv() / "bin" / "python").exists()


def base_python() -> Path:
    """The interpreter outside of virtual environments: this process may run in the one that is replaced."""
    if sys.prefix == sys.base_prefix:
        return Path(sys.executable)
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def _create() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        _bring_venv_module()
    child_processes.run(
        [base_python(), "-m", "venv", folders.venv()], doing="making the Python environment", timeout=120
    )


def _bring_venv_module() -> None:
    """Debian ships Python without what `python3 -m venv` needs."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if not system_packages.can_install():
        raise BootstrapError(
            f"making the Python environment: {base_python()} has no module 'ensurepip'. "
            f"Install it, on Debian and Ubuntu with: sudo apt-get install python{version}-venv"
        )
    system_packages.install([f"python{version}-venv"], doing="installing Python's venv module")


def _pip(*arguments: str) -> None:
    python = folders.venv() / "bin" / "python"
    env = {key: value for key, value in os.environ.items() if key not in {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET"}}
    child_processes.run(
        [python, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments],
        doing="installing Python packages",
        cwd=folders.repo(),
        env=env,
        timeout=INSTALL_SECONDS,
    )


def _remove_old() -> None:
    try:
        if folders.venv().is_symlink():
            folders.venv().unlink()  # what it leads to may be the environment of another checkout
        elif folders.venv().exists():
            shutil.rmtree(folders.venv())
    except OSError as exc:
        raise BootstrapError(
            f"making the Python environment: the old one at '{exc.filename}' cannot be removed ({exc.strerror})."
        ) from exc


def _found_stamp() -> dict[str, str]:
    try:
        found = json.loads((folders.venv() / STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _hash(path: Path, fact: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise BootstrapError(f"reading '{path}': {exc.strerror}. Is this a complete checkout?") from exc
    return hashlib.sha256(content + fact.encode()).hexdigest()
