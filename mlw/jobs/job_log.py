"""The output of a job on its way to its log: how much is kept.

A job that writes without end must not fill the storage account. The beginning is kept up to a limit, and when the job
has ended the end, where the reason for a failure is.
"""

from __future__ import annotations

from collections.abc import Callable

BEGINNING_BYTES, END_BYTES = 16 << 20, 1 << 20
"""How much of a log is kept at most."""

_TAIL_BYTES, _TAIL_LINES = 1 << 12, 8


class KeptOutput:
    """Passes on the beginning, and later the end.

    Args:
        write: Called with what is kept, in order.
        beginning: Bytes of the beginning.
    """

    def __init__(self, write: Callable[[bytes], None], *, beginning: int = BEGINNING_BYTES) -> None:
        self._write, self._beginning, self._room = write, beginning, beginning
        self._last = b""

    @property
    def is_full(self) -> bool:
        """Whether nothing more is kept of the beginning."""
        return not self._room

    def add(self, chunk: bytes) -> None:
        """Take output; what is too much is dropped."""
        kept = chunk[: self._room]
        if kept:
            self._pass_on(kept)
            self._room -= len(kept)
            if self.is_full:
                self._write(_notice(f"the first {self._beginning >> 20} MiB and the end are kept"))

    def end(self, chunk: bytes) -> None:
        """Take the end of the output."""
        self._write(_notice("what is missing was written here"))
        self._pass_on(chunk)

    @property
    def tail(self) -> str:
        """The last lines."""
        lines = self._last.decode("utf-8", "replace").splitlines()
        return "\n".join(line for line in lines[-_TAIL_LINES:] if line.strip())

    def _pass_on(self, chunk: bytes) -> None:
        self._last = (self._last + chunk[-_TAIL_BYTES:])[-_TAIL_BYTES:]
        self._write(chunk)


def _notice(text: str) -> bytes:
    return f"\nmlw: the log is longer than what is stored: {text}.\n".encode()
