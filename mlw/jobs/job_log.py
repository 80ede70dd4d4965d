"""The output of a job on its way to its log: how much is kept.

A job that writes without end must not fill the storage account. The beginning is kept up to a limit, and the end, where
the reason for a failure is; a line says how much is missing in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

BEGINNING_BYTES, END_BYTES = 64 << 20, 1 << 20
"""How much of a log is kept at most."""

_TAIL_BYTES, _TAIL_LINES = 1 << 12, 8


class KeptOutput:
    """Passes on the beginning, and keeps the end until the log is closed.

    Args:
        write: Called with what is kept, in order.
        beginning: Bytes of the beginning.
        end: Bytes of the end.
    """

    def __init__(
        self, write: Callable[[bytes], None], *, beginning: int = BEGINNING_BYTES, end: int = END_BYTES
    ) -> None:
        self._write = write
        self._room = beginning
        self._beginning, self._end = beginning, end
        self._later: deque[bytes] = deque()
        self._later_bytes = 0
        self._dropped = 0
        self._last = b""

    def add(self, chunk: bytes) -> None:
        """Take output."""
        self._last = (self._last + chunk[-_TAIL_BYTES:])[-_TAIL_BYTES:]
        now, later = chunk[: self._room], chunk[self._room :]
        if now:
            self._room -= len(now)
            self._write(now)
            if not self._room:
                self._write(self._notice(f"only the first {self._beginning >> 20} MiB and the end are kept"))
        if later:
            self._later.append(later)
            self._later_bytes += len(later)
            while self._later_bytes - len(self._later[0]) >= self._end:
                gone = len(self._later.popleft())
                self._later_bytes -= gone
                self._dropped += gone

    def close(self) -> None:
        """Pass on the end."""
        if self._dropped:
            self._write(self._notice(f"{self._dropped} bytes are missing here"))
        for chunk in self._later:
            self._write(chunk)
        self._later.clear()

    @property
    def tail(self) -> str:
        """The last lines."""
        lines = self._last.decode("utf-8", "replace").splitlines()
        return "\n".join(line for line in lines[-_TAIL_LINES:] if line.strip())

    @staticmethod
    def _notice(text: str) -> bytes:
        return f"\nmlw: the log is longer than what is stored: {text}.\n".encode()
