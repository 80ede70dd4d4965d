"""Events of a run as JSON lines, for pipelines: `make up EVENTS=FILE`, `mlw create --events FILE`.

Owns the form of an event, which docs/how-to/pipelines.md documents. Code of the life cycle calls :func:`emit` and
:func:`phase`; without a writer both do nothing. No event contains a credential. A reader that is gone, or a full disk,
ends the events and not the run.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

from infra.errors import MlWorkspaceError
from mlw.lifecycle.lifecycle_errors import OperationCancelledError

STDOUT = "-"

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


class EventsFileError(MlWorkspaceError):
    """The file for events cannot be written."""


class _Writer:
    """Writes events to one stream until it fails."""

    def __init__(self, write: Callable[[str], None], stack: str) -> None:
        self._write: Callable[[str], None] | None = write
        self._stack = stack

    def write(self, kind: str, fields: Mapping[str, Any]) -> None:
        if self._write is None:
            return
        event = {"time": _now(), "type": kind, "stack": self._stack, **fields}
        try:
            self._write(json.dumps(event, ensure_ascii=False) + "\n")
        except (OSError, ValueError) as exc:
            self._write = None
            print(f"events: not written any more: {exc}", file=sys.stderr)


_writer: ContextVar[_Writer | None] = ContextVar("events of the run", default=None)


@contextmanager
def writing(target: str | None, stack: str) -> Iterator[None]:
    """Write the events of the run inside the block.

    Args:
        target: A file, which is replaced; `-` for standard output, and all messages go to standard error; None for no
            events.
        stack: The stack.

    Raises:
        EventsFileError: The file cannot be written.
    """
    if not target:
        yield
        return
    with contextlib.ExitStack() as entered:
        if target == STDOUT:
            write = partial(print, end="", file=sys.stdout, flush=True)
            entered.enter_context(contextlib.redirect_stdout(sys.stderr))
        else:
            file = entered.enter_context(_file(target))
            write = partial(_write_to, file)
        token = _writer.set(_Writer(write, stack))
        entered.callback(_writer.reset, token)
        yield


@contextmanager
def reporting(target: str | None, stack: str) -> Iterator[None]:
    """Write events as :func:`writing` does, and at the end `error`, if there was one, and `finished`."""
    with writing(target, stack):
        try:
            yield
        except (MlWorkspaceError, KeyboardInterrupt, OSError) as exc:
            message, code = explain(exc)
            emit("error", message=message)
            emit("finished", exitCode=code)
            raise
        emit("finished", exitCode=0)


def explain(error: BaseException) -> tuple[str, int]:
    """The message and the exit code of a failed run."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted. Run the command again to continue.", EXIT_INTERRUPTED
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        return f"operating system error: {error.strerror or error}{place}. Run it again.", EXIT_FAILED
    return str(error), EXIT_INTERRUPTED if isinstance(error, OperationCancelledError) else EXIT_FAILED


def emit(kind: str, **fields: object) -> None:
    """Write one event; does nothing without a writer."""
    if writer := _writer.get():
        writer.write(kind, {name: value for name, value in fields.items() if value is not None})


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Write the events of a phase: `phaseStarted`, and `phaseFinished` with its length and whether it succeeded."""
    started = time.monotonic()
    emit("phaseStarted", phase=name)
    succeeded = False
    try:
        yield
        succeeded = True
    finally:
        emit("phaseFinished", phase=name, seconds=round(time.monotonic() - started, 3), succeeded=succeeded)


def _write_to(file: FileIO, text: str) -> None:
    file.write(text.encode())


def _file(target: str) -> FileIO:
    try:
        # Without a buffer, of which a rest would be written when the file is closed.
        return Path(target).open("wb", buffering=0)
    except OSError as exc:
        raise EventsFileError(
            f"writing events to '{target}': {exc.strerror}. Name a file in an existing folder, or - for standard "
            "output."
        ) from exc


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
