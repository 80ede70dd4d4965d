"""Versions of Python that the base image does not have: relocatable builds, brought when an environment needs one.

Each is a layer of its own below the packages, with everything in `/usr/local`. They come from a Maven repository by the
program `mvn`, with its own configuration of mirrors and proxies, and are compared with a pinned hash. They get no
security updates, unlike the base image's own Python.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from infra.clients.registry.image_upload import LayerFile
from infra.errors import HostError
from infra.host import file_locks
from infra.image_layers import layers
from mlw.environments import build_cache, programs, python_compiling

DOWNLOAD_SECONDS = 300.0
RETRY_SECONDS = 3600.0
FORM = 1
"""Raised when the code makes another tree of the same file."""

_CLIENT = "mvn"
_MACHINE = "x86_64"
_LEFT_OUT = frozenset(
    {"test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "site-packages", "__pycache__"}
)
_TREE = "root"


class InterpreterMissingError(HostError):
    """A version of Python cannot be brought."""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """One version of Python, unpacked.

    Attributes:
        version: Major and minor.
        identity: Changes with its files.
        root: Its files, where an image has them.
        layer: The same as a layer of an image.
    """

    version: str
    identity: str
    root: Path
    layer: LayerFile

    @property
    def program(self) -> str:
        """Its path, below the root."""
        return _program(self.version)


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def versions() -> tuple[str, ...]:
    """Versions that are here, or that could be brought."""
    if platform.machine() != _MACHINE:
        return ()
    can_be_brought = shutil.which(_CLIENT) is not None
    return tuple(one for one in _table()["versions"] if _is_here(one) or (can_be_brought and not _has_failed(one)))


def identity(version: str) -> str:
    """Identify the files of a version; empty for that of the base image."""
    found = _table()["versions"].get(version)
    return f"{found['sha256']}-{FORM}" if found else ""


def provide(version: str, base: Path, log: Callable[[str], None]) -> Interpreter | None:
    """Provide a version; None for that of the base image.

    Args:
        version: Major and minor.
        base: Files of the base image, whose C library runs it.
        log: Takes lines of progress.

    Raises:
        InterpreterMissingError: It cannot be downloaded.
    """
    if not identity(version):
        return None
    folder = _place(version)
    with file_locks.hold(build_cache.place("locks", f"python-{folder.name}"), f"bringing Python {version}"):
        if not folder.is_dir():
            log(f"bringing Python {version}, once")
            _bring(version, folder, base)
    digest, size = (folder / "layer").read_text(encoding="utf-8").split()
    return Interpreter(
        version=version,
        identity=identity(version),
        root=folder / _TREE,
        layer=LayerFile(path=folder / "layer.tar", digest=digest, size=int(size)),
    )


def _is_here(version: str) -> bool:
    return _place(version).is_dir()


def _has_failed(version: str) -> bool:
    """Whether it could not be brought a short while ago: each job would wait for the same failure otherwise."""
    try:
        return time.time() - _failure(version).stat().st_mtime < RETRY_SECONDS
    except FileNotFoundError:
        return False


def _failure(version: str) -> Path:
    return _place(version).with_suffix(".failed")


def _place(version: str) -> Path:
    return build_cache.place("interpreters", f"{version}-{identity(version)[:16]}-{FORM}")


def _bring(version: str, folder: Path, base: Path) -> None:
    """Download, unpack and compile, and publish the folder when it is complete."""
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix="new-"))
    try:
        _unpack(_download(version, unfinished), version, unfinished / _TREE)
        python_compiling.compile_trees(
            [unfinished / _TREE], program=_program(version), root=unfinished / _TREE, base=base, folder=unfinished
        )
        archive = unfinished / "layer.tar"
        layers.write(unfinished / _TREE, archive)
        (unfinished / "layer").write_text(f"{layers.digest(archive)} {archive.stat().st_size}", encoding="utf-8")
        unfinished.rename(folder)
    except (programs.ProgramError, InterpreterMissingError) as exc:
        _failure(version).touch()
        reason = exc.reason.strip().splitlines()[0] if isinstance(exc, programs.ProgramError) else ""
        raise InterpreterMissingError(f"bringing Python {version}: {reason[:200]}" if reason else str(exc)) from exc
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _download(version: str, folder: Path) -> Path:
    table, repository = _table(), folder / "repository"
    wanted, name = table["versions"][version], f"{table['group']}:{table['artifact']}"
    client = shutil.which(_CLIENT)
    if client is None:
        raise InterpreterMissingError(f"bringing Python {version}: the program '{_CLIENT}' is missing. Install Maven.")
    programs.run(
        [
            client, "-q", "-B", table["client"], f"-Dartifact={name}:{wanted['version']}:jar:{table['classifier']}",
            "-Dtransitive=false", f"-Dmaven.repo.local={repository}",
        ],
        doing=f"bringing Python {version}", environment=os.environ, cwd=folder, timeout_seconds=DOWNLOAD_SECONDS,
    )  # fmt: skip
    found = next(repository.glob(f"**/{table['artifact']}-{wanted['version']}-{table['classifier']}.jar"), None)
    if found is None or hashlib.sha256(found.read_bytes()).hexdigest() != wanted["sha256"]:
        raise InterpreterMissingError(
            f"bringing Python {version}: what the repository has as {name}:{wanted['version']} is not the file that "
            "this project was tested with (another SHA-256). Nothing of it is used."
        )
    shutil.copy(found, folder / "python.jar")
    shutil.rmtree(repository)
    return folder / "python.jar"


def _unpack(jar: Path, version: str, tree: Path) -> None:
    """Unpack what a job needs to where an image has it."""
    table = _table()
    above = f"{table['group'].replace('.', '/')}/{table['artifact']}/{table['classifier']}/"
    with zipfile.ZipFile(jar) as archive:
        for member in archive.infolist():
            target = _target(member.filename.removeprefix(above), version) if not member.is_dir() else ""
            if target and member.filename.startswith(above):
                path = tree / target
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(member))
    jar.unlink()
    (tree / _program(version)).chmod(0o755)
    for name in ("python3", "python"):
        (tree / "usr/local/bin" / name).symlink_to(f"python{version}")
    (tree / f"usr/local/lib/python{version}/site-packages").mkdir()


def _target(name: str, version: str) -> str:
    """Where a file belongs; empty for one that is left out."""
    path = PurePosixPath(name)
    library = f"lib/python{version}/"
    if name == f"bin/python{version}" or (name.startswith(f"libpython{version}.so.")):
        return f"usr/local/{'lib/' if path.parent.name == '' else ''}{name}"
    if name.startswith("libffi.so."):  # modules look beside themselves for it
        return f"usr/local/{library}lib-dynload/{name}"
    parts = set(path.parts)
    if not name.startswith(library) or parts & _LEFT_OUT or any(one.startswith("config-") for one in parts):
        return ""
    is_test = path.parent.name == "lib-dynload" and path.name.startswith(("_test", "xx", "_xx", "_ctypes_test"))
    return "" if is_test else f"usr/local/{name}"


def _program(version: str) -> str:
    return f"usr/local/bin/python{version}"
