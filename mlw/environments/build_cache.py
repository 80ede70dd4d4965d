"""What builds of environments keep on this machine: finished layers, packages, resolved lists. It can be deleted.

A file in it is complete or absent. A build works in a folder of its own, which a later build removes if this one is
killed. Builds run side by side; only one at a time makes a certain image. The oldest layers go when there are more than
:data:`LIMIT_BYTES`, while no build is running.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.clients.registry.image_upload import LayerFile
from infra.host import atomic_files, file_locks, folders

LIMIT_BYTES = 6 << 30
"""Of the layers, and of the packages that uv keeps, each."""

_DAY_SECONDS = 86400
_BUSY = "busy"
_SIDE_FILES = ("layers", "lists", "dists")


def root() -> Path:
    """The folder of all of it."""
    folder = folders.cache() / "environments"
    return folder if folder.is_dir() else folders.private_folder(folder)


def place(folder: str, name: str) -> Path:
    """Path of an entry, whether it exists or not."""
    path = root() / folder / name
    path.parent.mkdir(mode=folders.PRIVATE, exist_ok=True)
    return path


def uv_folder() -> Path:
    """Packages that uv keeps."""
    return root() / "uv"


@contextmanager
def building(key: str, log: Callable[[str], None]) -> Iterator[Path]:
    """Hold the lock of one image, and yield a folder to work in, which is removed at the end."""
    lock = place("locks", key)

    def waiting(holder: str) -> None:
        log(f"waiting for another build of the same environment: {holder}")

    with file_locks.hold(lock, "building an environment", on_wait=waiting), _shared():
        work = place("work", "x").parent
        _remove_left_over(work)
        folder = Path(tempfile.mkdtemp(dir=work))
        try:
            with (folder / _BUSY).open("w") as busy:
                fcntl.flock(busy, fcntl.LOCK_EX)
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def read(folder: str, name: str) -> Any:  # noqa: ANN401 - JSON
    """A document of the cache; None if there is none."""
    path = place(folder, name)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    os.utime(path)
    return found


def write(folder: str, name: str, document: object) -> None:
    """Keep a document."""
    atomic_files.write(place(folder, name), json.dumps(document))


def layer(digest: str, size: int) -> LayerFile | None:
    """A finished layer; None if it is not there any more."""
    path = place("layers", digest.partition(":")[2])
    try:
        if path.stat().st_size != size:
            return None
        os.utime(path)
    except OSError:
        return None
    return LayerFile(path=path, digest=digest, size=size)


def keep_layer(path: Path, digest: str) -> LayerFile:
    """Move a finished layer into the cache."""
    size, target = path.stat().st_size, place("layers", digest.partition(":")[2])
    path.replace(target)
    return LayerFile(path=target, digest=digest, size=size)


def sweep(limit: int = LIMIT_BYTES) -> None:
    """Remove the oldest entries beyond the limit, unless a build is running."""
    with place("locks", "all").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _remove_left_over(place("work", "x").parent)
        left = limit
        entries = [path for folder in _SIDE_FILES for path in (root() / folder).glob("*") if path.is_file()]
        for path, found in sorted(((path, path.stat()) for path in entries), key=lambda one: -one[1].st_mtime):
            left -= found.st_size
            if left < 0:
                path.unlink()
        _sweep_uv(limit)


def _sweep_uv(limit: int) -> None:
    """Empty uv's folder if it is too large; once a day, since it has many files."""
    measured = place("locks", "uv-measured")
    if measured.exists() and time.time() - measured.stat().st_mtime < _DAY_SECONDS and limit:
        return
    measured.touch()
    if _size(uv_folder()) > limit:
        shutil.rmtree(uv_folder(), ignore_errors=True)


@contextmanager
def _shared() -> Iterator[None]:
    with place("locks", "all").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _remove_left_over(work: Path) -> None:
    """Remove the folders of builds that were killed: the system has released their locks."""
    for folder in work.iterdir():
        try:
            with (folder / _BUSY).open("a") as busy:
                fcntl.flock(busy, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _size(folder: Path) -> int:
    return sum(os.lstat(Path(parent) / name).st_size for parent, _, files in os.walk(folder) for name in files)
