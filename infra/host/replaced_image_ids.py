"""Ids of images whose tag the bootstrap has moved to a newer one, in a file, until they are removed.

The bootstrap notes an image before it moves the tag, so that a kill in between leaves no image that nobody knows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from infra.host import atomic_files, file_locks, folders


def are_noted() -> bool:
    """Whether there are any; costs nothing."""
    return folders.replaced_images().exists()


@contextmanager
def noting(identity: str) -> Iterator[None]:
    """Note an image, and keep everybody from removing noted ones until its tag has moved."""
    with _locked():
        _write(list(dict.fromkeys([*_read(), identity])))
        yield


@contextmanager
def changing() -> Iterator[list[str]]:
    """Change the list."""
    with _locked():
        before = _read()
        ids = list(before)
        yield ids
        if ids != before:
            _write(ids)


def _locked() -> contextlib.AbstractContextManager[None]:
    file = folders.replaced_images()
    return file_locks.hold(file.with_name(f"{file.name}.lock"), "noting replaced images")


def _read() -> list[str]:
    try:
        return folders.replaced_images().read_text().split()
    except FileNotFoundError:
        return []


def _write(ids: Sequence[str]) -> None:
    if ids:
        atomic_files.write(folders.replaced_images(), "\n".join(ids))
    else:
        folders.replaced_images().unlink(missing_ok=True)
