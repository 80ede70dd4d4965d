"""Processes that run the user's function: one mini-batch at a time, ended when one takes too long."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from mlw.job_programs.parallel_run import entry_scripts
from mlw.job_programs.parallel_run.mini_batches import MiniBatch
from mlw.job_programs.program_errors import ProgramMistakeError

READY, DONE, FAILED, WRONG = "ready", "done", "failed", "wrong"
"""What a process says: init() has ended; a mini-batch has; it failed; the script itself is wrong."""

_ENDED_SECONDS = 10.0

# The processes share the table with their parent, which reads it once.
_FORK = multiprocessing.get_context("fork")


@dataclass
class Worker:
    """One process.

    Attributes:
        number: For the log.
        batch: What it works on; None while it waits.
        since: When it began with that, or with init().
    """

    number: int
    process: Any
    connection: Connection
    batch: MiniBatch | None = None
    since: float = field(default_factory=time.monotonic)
    is_ready: bool = False

    @classmethod
    def start(cls, number: int, script: str, arguments: Sequence[str], batches: Sequence[MiniBatch]) -> Worker:
        """Start a process, which calls init() at once."""
        ours, theirs = _FORK.Pipe()
        process = _FORK.Process(target=_work, args=(theirs, script, arguments, batches), daemon=True)
        process.start()
        theirs.close()
        return cls(number, process, ours)

    def give(self, batch: MiniBatch) -> None:
        """Let it work on a mini-batch."""
        self.batch, self.since = batch, time.monotonic()
        with contextlib.suppress(OSError):  # a process that has ended is seen when its answer is read
            self.connection.send(batch.index)

    def said(self) -> tuple[str, Any]:
        """What it said; a process that has ended says so by that."""
        try:
            found: tuple[str, Any] = self.connection.recv()
        except (EOFError, OSError):
            self.process.join(_ENDED_SECONDS)
            return FAILED, f"the process ended ({_reason(self.process.exitcode)})"
        return found

    def end(self) -> None:
        """End it in order: shutdown(), then it is gone."""
        with contextlib.suppress(OSError):
            self.connection.send(None)
        self.process.join(_ENDED_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it and what it has started."""
        if self.process.is_alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
        self.process.join()
        self.connection.close()


def _reason(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _work(connection: Connection, script: str, arguments: Sequence[str], batches: Sequence[MiniBatch]) -> None:
    """The process: init(), then mini-batches until there are no more."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    try:
        entry = entry_scripts.load(script, arguments)
        entry.init()
    except ProgramMistakeError as exc:
        connection.send((WRONG, str(exc)))
        return
    except Exception:
        connection.send((WRONG, f"init() of '{script}' failed.\n{traceback.format_exc()}"))
        return
    connection.send((READY, None))
    while (index := connection.recv()) is not None:
        try:
            connection.send((DONE, entry.results_of(batches[index])))
        except Exception:
            connection.send((FAILED, traceback.format_exc()))
    entry.shutdown()
