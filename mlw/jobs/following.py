"""Follows a running command to its end: its log, its time-out, a request to cancel, and an engine that restarts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.errors import EngineError
from mlw.jobs.command_jobs import Stop
from mlw.jobs.ports import ContainerState, Engine, LogSink

STOP_SECONDS = 10.0
"""How long a command may take to end after SIGTERM; the engine's own default."""

ENGINE_SECONDS = 600.0
"""How long the engine may not respond until the job counts as failed."""

_TICK_SECONDS = 0.2
_BEGINNING_BYTES = 1 << 12
_FIRST_PAUSE_SECONDS = 0.02
"""The engine ends a log a moment before the container has exited: mostly it has after this time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a command ended.

    Attributes:
        container: State of its container.
        stopped_because: Why it was stopped; empty if it ended by itself.
        was_interrupted: Whether the engine stopped responding meanwhile.
    """

    container: ContainerState
    stopped_because: str = ""
    was_interrupted: bool = False


class _LogReader(threading.Thread):
    """Reads the log; begins after what another one has read before."""

    def __init__(self, engine: Engine, job: str, sink: LogSink, before: _LogReader | None) -> None:
        super().__init__(daemon=True, name=f"log of {job}")
        self._engine, self._job, self._sink = engine, job, sink
        self.read: int = before.read if before else 0
        self.beginning: bytes = before.beginning if before else b""
        self._skip = self.read
        self.error: Exception | None = None

    def run(self) -> None:
        """Read until the command ends."""
        try:
            for number, chunk in enumerate(self._engine.log(self._job)):
                if number == 0:
                    self._require_beginning(chunk)
                rest, self._skip = chunk[self._skip :], max(0, self._skip - len(chunk))
                if rest:
                    self.read += len(rest)
                    self._sink.write(rest)
                if self._sink.is_full:
                    return
        except Exception as exc:
            self.error = exc

    def _require_beginning(self, chunk: bytes) -> None:
        """Skip nothing of a log whose beginning the engine has dropped since it was read: it keeps a limited size."""
        if not chunk.startswith(self.beginning[: len(chunk)]):
            self._skip = self.read = 0
            self._sink.note("output is missing here: the engine dropped it before it was read")
        self.beginning = chunk[:_BEGINNING_BYTES]


@dataclass
class Following:
    """One running command."""

    engine: Engine
    job: str
    log: LogSink
    stop_seconds: float = STOP_SECONDS
    engine_seconds: float = ENGINE_SECONDS
    clock: Callable[[], float] = time.monotonic
    _stopped_because: str = ""
    _kill_at: float = 0.0
    _was_interrupted: bool = False

    def to_end(self, stop: Stop, *, timeout_seconds: float, started: str) -> Ending:
        """Wait for the end.

        Args:
            stop: A request to cancel.
            timeout_seconds: How long the command may run; 0 for ever.
            started: When it started, ISO 8601.

        Raises:
            EngineError: The engine does not respond any more.
        """
        deadline = self._deadline(timeout_seconds, started)
        reader: _LogReader | None = None
        pause, has_ended = _FIRST_PAUSE_SECONDS, False
        while True:
            reader = _LogReader(self.engine, self.job, self.log, reader)
            reader.start()
            while reader.is_alive():
                self._stop_if_asked(stop, deadline, timeout_seconds)
                reader.join(_TICK_SECONDS)
            while self.log.is_full and self._state().is_running:
                self._stop_if_asked(stop, deadline, timeout_seconds)
                time.sleep(_TICK_SECONDS)
            if reader.error and not isinstance(reader.error, EngineError):
                self._kill()
                raise reader.error
            self._was_interrupted = self._was_interrupted or reader.error is not None
            state = self._state()
            if state.is_running:
                # The engine ends a log when it restarts, and a moment before a container has exited.
                time.sleep(pause)
                pause = min(2 * pause, _TICK_SECONDS)
            elif self.log.is_full or (has_ended and not reader.error):
                if self.log.is_full:
                    self.log.end(self.engine.log_end(self.job))
                return Ending(
                    container=state, stopped_because=self._stopped_because, was_interrupted=self._was_interrupted
                )
            else:
                # What a container writes while the engine still sends what came before is not in a log that it
                # follows if the container then exits: only a log that is read afterwards has all.
                has_ended = True

    def _deadline(self, timeout_seconds: float, started: str) -> float:
        if not timeout_seconds:
            return 0.0
        passed = (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds()
        return self.clock() + max(0.0, timeout_seconds - passed)

    def _stop_if_asked(self, stop: Stop, deadline: float, timeout_seconds: float) -> None:
        if not self._stopped_because:
            late = bool(deadline) and self.clock() >= deadline
            said = f"the command ran longer than `limits.timeout`, {timeout_seconds:g} s" if late else ""
            self._stopped_because = stop.reason or said
            if self._stopped_because:
                self._kill_at = self.clock() + self.stop_seconds
                self._signal("SIGTERM")
        elif self._kill_at and self.clock() >= self._kill_at:
            self._kill_at = 0.0
            self._stopped_because += f"; it did not end within {self.stop_seconds:g} s of SIGTERM and was killed"
            self._signal("SIGKILL")

    def _signal(self, name: str) -> None:
        try:
            self.engine.signal(self.job, name)
        except EngineError as exc:
            self.log.note(str(exc))

    def _kill(self) -> None:
        self._signal("SIGKILL")

    def _state(self) -> ContainerState:
        """State of the container, as soon as the engine responds."""
        give_up = self.clock() + self.engine_seconds
        while True:
            try:
                found = self.engine.state(self.job)
            except EngineError:
                # An engine that stops may end the log without an error.
                self._was_interrupted = True
                if self.clock() >= give_up:
                    raise
                time.sleep(1.0)
                continue
            if found is None:
                raise EngineError(
                    f"running job '{self.job}': its container was removed while it ran, by somebody else. Submit the "
                    "job again."
                )
            return found
