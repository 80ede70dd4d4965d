"""One bootstrap at a time for each cache: a second run waits, and names the run that it waits for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.host import file_locks, folders
from tools.bootstrap.progress import Report, elapsed, say

LOCK = "bootstrap.lock"


@contextmanager
def exclusive(*, out: Report = say) -> Iterator[None]:
    """Hold the lock of this cache; wait without a limit, since another run may be building for minutes."""
    began, waited = time.monotonic(), False

    def name_holder(holder: str) -> None:
        nonlocal waited
        waited = True
        out(f"waiting for the other {holder} to finish")

    with file_locks.hold(_path(), "bootstrap", on_wait=name_holder):
        if waited:
            out(f"the other run finished after {elapsed(time.monotonic() - began)}; continuing")
        yield


@contextmanager
def if_free() -> Iterator[bool]:
    """Hold the lock unless another run has it; yield whether it is held."""
    with file_locks.hold_if_free(_path()) as free:
        yield free


def _path() -> Path:
    return folders.private_folder(folders.cache()) / LOCK
