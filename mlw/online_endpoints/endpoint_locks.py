"""The lock of an endpoint on this machine: one process of `mlw` at a time changes its containers.

A second file says that a change has begun and not ended, so the next process sees that one was killed in between. All
are named after the stack's identity, and go with it: :mod:`mlw.lifecycle.identity_files`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from infra.host import file_locks, folders
from mlw.online_endpoints.endpoint_errors import EndpointError

_FOLDER = "online-endpoints"
_BEGUN = ".changing"


def path_of(home: Path, stack_id: str, endpoint: str) -> Path:
    """The file of the lock of an endpoint."""
    return home / _FOLDER / f"{stack_id}-{endpoint.lower()}.lock"


@contextlib.contextmanager
def publishing(home: Path, stack_id: str) -> Iterator[None]:
    """Be the only one that tells the front of a stack what it serves."""
    path = home / _FOLDER / f"{stack_id}.lock"
    folders.private_folder(path.parent)
    with file_locks.hold(path, "publishing online endpoints"):
        yield


@contextlib.contextmanager
def holding(path: Path, endpoint: str, say: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """Hold the lock; wait for another process that does."""

    def on_wait(_holder: str) -> None:
        say("waiting for another command that changes this endpoint")

    folders.private_folder(path.parent)
    with file_locks.hold(path, "changing an online endpoint", on_wait=on_wait), _changing(path, endpoint):
        yield


@contextlib.contextmanager
def trying(path: Path, endpoint: str) -> Iterator[bool]:
    """Hold the lock, if no other process does."""
    folders.private_folder(path.parent)
    with (
        file_locks.hold_if_free(path) as is_mine,
        _changing(path, endpoint) if is_mine else contextlib.nullcontext(),
    ):
        yield is_mine


@contextlib.contextmanager
def _changing(path: Path, endpoint: str) -> Iterator[None]:
    """Mark the beginning of a change, and its end unless this process is killed or fails unexpectedly."""
    mark = path.with_suffix(_BEGUN)
    mark.write_text(endpoint, encoding="utf-8")
    try:
        yield
    except EndpointError:  # nothing has begun, or what has is taken back
        mark.unlink(missing_ok=True)
        raise
    mark.unlink(missing_ok=True)


def was_interrupted(path: Path) -> bool:
    """Whether a change of the endpoint has begun and not ended; also while one is being made."""
    return path.with_suffix(_BEGUN).exists()


def interrupted(home: Path, stack_id: str) -> set[str]:
    """Names of a stack's endpoints of which :func:`was_interrupted` is true."""
    marks = (home / _FOLDER).glob(f"{stack_id}-*{_BEGUN}")
    return {name for mark in marks if (name := _content(mark))}


def _content(mark: Path) -> str:
    try:
        return mark.read_text(encoding="utf-8")
    except FileNotFoundError:  # the change has ended
        return ""
