"""Resolves and installs packages with uv, from wherever pip or uv is configured to get them.

Only wheels: the build of a source package would run its code on this machine, with the rights of whoever builds.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra import service_images
from infra.host import folders
from mlw.environments import build_cache, package_sources, programs, python_versions
from mlw.environments.conda_file import name_of, tables
from mlw.environments.environment_errors import EnvironmentFileError, UnresolvableError
from mlw.environments.planning import JOB_TOOLS, Plan

RESOLVE_SECONDS = 300.0
INSTALL_SECONDS = 1800.0
NEWEST_LIBC = "2_36"
"""Of the base image."""

CLIENTS = ("mlflow", "mlflow-skinny", "mlflow-tracing")
_NEEDS_GPU = ("torch", "tensorflow", "jax", "cupy")
_GPU_ONLY = ("nvidia-nccl-cu12", "nvidia-nccl-cu13")
"""Libraries for GPUs that packages name but import only to use several of them; a third of a gigabyte."""

_BOX = re.compile(r"^[^\w'\"`(]+")


@dataclass(frozen=True, kw_only=True)
class Target:
    """What packages are for: a version of Python, and a processor by the kernel's name."""

    python: str
    machine: str

    @property
    def program(self) -> str:
        """Path of the interpreter in an image, without the first slash."""
        return f"usr/{'' if self.is_base else 'local/'}bin/python{self.python}"

    @property
    def packages(self) -> str:
        """Name of the folder that the interpreter imports packages from; Debian has another one."""
        return "dist-packages" if self.is_base else "site-packages"

    @property
    def is_base(self) -> bool:
        """Whether the base image has this version of Python."""
        return self.python == python_versions.DEFAULT

    def options(self) -> list[str]:
        """Options of uv."""
        return [f"--python-version={self.python}", f"--python-platform={self.machine}-manylinux_{NEWEST_LIBC}"]


def resolve(plan: Plan, target: Target, folder: Path, log: Callable[[str], None]) -> tuple[str, tuple[str, ...]]:
    """Choose versions; returns a list with hashes, and what to tell about it.

    Args:
        plan: The environment.
        target: What it is for.
        folder: Where to work.
        log: Takes lines of progress.

    Raises:
        UnresolvableError: There are no such versions; quotes the resolver.
    """
    if plan.lock:
        return plan.lock, ()
    log(f"resolving {len(plan.requirements)} requirements for Python {plan.python}")
    try:
        return _compile(plan.requirements, target, folder), ()
    except programs.ProgramError as exc:
        relaxed = _relaxed(plan.requirements)
        if not plan.is_raised or relaxed == plan.requirements:
            raise _unresolvable(exc) from exc
        first = exc
    log("no such versions for this Python; looking for the next ones")
    try:
        return _nearest(plan.requirements, relaxed, target, folder)
    except programs.ProgramError as exc:
        raise _unresolvable(first) from exc


def install(listed: str, options: Sequence[str], target: Target, folder: Path, *, tree: Path) -> None:
    """Install listed packages into a folder.

    Raises:
        UnresolvableError: A package cannot be fetched, or has another hash.
    """
    file = folder / "install.txt"
    file.write_text("\n".join([*options, listed]), encoding="utf-8")
    arguments = ["--no-deps", "--no-build", "--require-hashes", f"--target={tree}", f"--requirement={file}"]
    try:
        _uv(["install", *target.options(), *arguments], "installing packages", folder, INSTALL_SECONDS)
    except programs.ProgramError as exc:
        raise _unresolvable(exc) from exc


def options_of(requirements: Sequence[str]) -> list[str]:
    """The lines that say where packages come from."""
    return [line for line in requirements if line.startswith("-")]


def _compile(requirements: Sequence[str], target: Target, folder: Path, *more: str) -> str:
    """Choose versions, and again without NumPy 2 if some cannot work with it."""
    listed = _compile_once(requirements, target, folder, _constraints(requirements), *more)
    if not needs_numpy_1(versions_of(listed)):
        return listed
    return _compile_once(requirements, target, folder, [*_constraints(requirements), "numpy<2"], *more)


def versions_of(listed: str) -> dict[str, str]:
    """Names and versions in a resolved list."""
    return dict(re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;\\]+)", listed, re.MULTILINE))


def needs_numpy_1(versions: Mapping[str, str]) -> bool:
    """Whether there is NumPy 2 with a release that was compiled for NumPy 1."""
    limits = tables().numpy_1
    early = (name for name in limits if name in versions and _numbers(versions[name]) < _numbers(limits[name]))
    return versions.get("numpy", "1").startswith("2.") and any(early)


def _numbers(version: str) -> list[int]:
    return [int(one) for one in re.findall(r"[0-9]+", version.partition("+")[0])]


def _compile_once(
    requirements: Sequence[str], target: Target, folder: Path, constraints: Sequence[str], *more: str
) -> str:
    wanted, limits, overrides = folder / "wanted.in", folder / "constraints.in", folder / "overrides.in"
    wanted.write_text("\n".join([*requirements, *JOB_TOOLS]), encoding="utf-8")
    limits.write_text("\n".join(constraints), encoding="utf-8")
    overrides.write_text("\n".join(_overrides(requirements)), encoding="utf-8")
    arguments = ["--no-build", "--generate-hashes", "--no-header", "--no-annotate", "--quiet", *more]
    files: list[str | Path] = [wanted, f"--constraints={limits}", f"--overrides={overrides}"]
    return _uv(["compile", *target.options(), *arguments, *files], "resolving packages", folder, RESOLVE_SECONDS)


def _constraints(requirements: Sequence[str]) -> list[str]:
    """The tracking server's version of MLflow, unless the environment chooses another."""
    if any(name_of(line) in CLIENTS and _is_limited(line) for line in requirements):
        return []
    version = service_images.table()["tracking"].image.rpartition(":")[2]
    return [f"{name}=={version}" for name in CLIENTS]


def _overrides(requirements: Sequence[str]) -> list[str]:
    if any(name_of(line).startswith(_NEEDS_GPU) for line in requirements):
        return []
    return [f"{name} ; sys_platform == 'never'" for name in _GPU_ONLY]


def _is_limited(line: str) -> bool:
    return any(sign in line for sign in "=<>@")


_EXACT = re.compile(r"(?<![=<>~!])(?:==|~=)\s*([0-9]+(?:\.[0-9]+)*)[^\s,;]*")


def _relaxed(requirements: Sequence[str]) -> tuple[str, ...]:
    """The same requirements, with exact versions as the lowest that will do."""
    return tuple(line if line.startswith("-") else _EXACT.sub(r">=\1", line) for line in requirements)


def _nearest(
    requirements: Sequence[str], relaxed: Sequence[str], target: Target, folder: Path
) -> tuple[str, tuple[str, ...]]:
    """Take, for exact versions, the lowest later ones that this Python has; for the rest the newest."""
    limited = [line for line in relaxed if line.startswith("-") or _is_limited(line)]
    lowest = _compile(limited, target, folder, "--resolution=lowest-direct")
    found = versions_of(lowest)
    pinned = [
        new if new == line else re.sub(r">=[^,;]*", f"=={found[name_of(new)]}", new, count=1)
        for line, new in zip(requirements, relaxed, strict=True)
    ]
    changed = [f"'{line}' became '{new}'" for line, new in zip(requirements, pinned, strict=True) if line != new]
    return _compile(pinned, target, folder), tuple(f"warning: for this Python {one}" for one in changed)


def _uv(arguments: Sequence[str | Path], doing: str, folder: Path, seconds: float) -> str:
    program = folders.venv() / "bin" / "uv"
    found = str(program) if program.is_file() else shutil.which("uv")
    if found is None:
        raise EnvironmentFileError(
            f"{doing}: the program 'uv' is missing. Run `make setup`, or install `ml-workspace[environments]`."
        )
    variables = {**os.environ, **package_sources.variables(), "UV_CACHE_DIR": str(build_cache.uv_folder())}
    command = [found, "pip", *arguments, "--no-config" if "UV_CONFIG_FILE" not in variables else "--no-progress"]
    return programs.run(command, doing=doing, environment=variables, cwd=folder, timeout_seconds=seconds)


def _unresolvable(exc: programs.ProgramError) -> UnresolvableError:
    reason = " ".join(_BOX.sub("", line).strip() for line in exc.reason.splitlines())
    advice = "Correct the versions in the conda file."
    if "building source distributions is disabled" in reason or "no wheels" in reason or "usable wheels" in reason:
        advice = (
            "Only wheels are installed. Correct the versions in the conda file, or name a package that has a wheel."
        )
    return UnresolvableError(f"resolving the packages of the environment: {' '.join(reason.split())} {advice}")
