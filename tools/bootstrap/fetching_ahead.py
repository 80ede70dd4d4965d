"""Downloads the sources of later builds while an earlier one compiles.

A download waits for the network and a build for the processor, so that both together take little longer than the build
alone. Failures are ignored here: the build itself asks for its sources and reports what is wrong.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.bootstrap import golang, patched_modules
from tools.bootstrap.bootstrap_errors import BootstrapError


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that is built later, as far as its sources depend on it."""

    module: Path
    package: str
    tags: tuple[str, ...] = ()
    cgo: bool = False


_begun: set[Program] = set()


@contextlib.contextmanager
def fetching(programs: Iterable[Program]) -> Iterator[None]:
    """Fetch the sources of programs, one after another, while the block runs."""
    wanted, ended = tuple(programs), threading.Event()
    thread = threading.Thread(target=_fetch, args=(wanted, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
    thread.join()  # the caches are removed next; after an error nobody waits


def _fetch(programs: tuple[Program, ...], ended: threading.Event) -> None:
    for program in programs:
        if ended.is_set():
            return
        if program in _begun:
            continue
        _begun.add(program)
        with contextlib.suppress(BootstrapError, OSError), patched_modules.prepared(program.module) as module:
            golang.fetch(module=module, package=program.package, tags=program.tags, cgo=program.cgo)
