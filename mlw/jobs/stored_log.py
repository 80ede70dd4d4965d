"""The log of a job in the storage account while it is written, and reading it from another process.

Blobs cannot be appended to. While the job runs its log is a sequence of blobs, each named after the offset of its first
byte; when it ends they become one, Azure's `user_logs/std_log.txt`. Readers keep an offset.
"""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from infra.errors import ServiceError
from mlw.jobs import job_paths
from mlw.jobs.job_log import KeptOutput

_FLUSH_SECONDS = 0.5
_FLUSH_BYTES = 1 << 20
_PIECE_BYTES = 1 << 20
_DIGITS = 13


class Blobs(Protocol):
    """What a log needs of the storage account; all below one container."""

    def put(self, name: str, content: BinaryIO, size: int, /) -> None:
        """Write a blob."""

    def read(self, name: str, offset: int, /) -> bytes | None:
        """Read a blob from an offset; None if there is none."""

    def names(self, prefix: str, /) -> list[str]:
        """Names that begin with a prefix, in order."""

    def purge(self, name: str, /) -> None:
        """Delete a blob with all its versions."""


class StoredLog:
    """Stores the log of a job while it is written.

    A storage account that does not respond for a while delays the log and never stops the job: what is missing is on
    this machine's disk until it can be sent.
    """

    def __init__(self, blobs: Blobs, job: str, start: int = 0) -> None:
        self._blobs, self._job = blobs, job
        self._spool = tempfile.TemporaryFile(prefix="mlw-job-log-")  # noqa: SIM115 - closed with the log
        self._sent = self._size = 0
        self._lock = threading.Lock()
        self._kept = KeptOutput(self._add)
        if start:
            # What a killed runner wrote before the command started: readers keep their offsets.
            self._kept.add(b"".join(read(blobs, job, 0))[:start])
        for name in blobs.names(folder_of(job)):
            blobs.purge(name)
        self._flusher = threading.Thread(target=self._flush_regularly, daemon=True, name=f"log of {job}")
        self._closed = threading.Event()
        self._flusher.start()

    def write(self, chunk: bytes) -> None:
        """Add output."""
        with self._lock:
            self._kept.add(chunk)
            if self._size - self._sent >= _FLUSH_BYTES:
                self._flush()

    def note(self, text: str) -> None:
        """Add a line of the runner's own."""
        self.write(f"mlw: {text}\n".encode())

    @property
    def size(self) -> int:
        """Bytes that it has."""
        return self._size

    @property
    def is_full(self) -> bool:
        """Whether nothing more is kept until the command has ended."""
        return self._kept.is_full

    def end(self, chunk: bytes) -> None:
        """Add the end of a log that was full."""
        with self._lock:
            self._kept.end(chunk)

    @property
    def tail(self) -> str:
        """The last lines."""
        return self._kept.tail

    def close(self) -> None:
        """Store all of it in its final place.

        Raises:
            ServiceError: The storage account does not take it.
        """
        self._closed.set()
        self._flusher.join()
        with self._lock, self._spool:
            self._spool.seek(0)
            self._blobs.put(job_paths.artifact(self._job, job_paths.LOG), self._spool, self._size)
        for name in self._blobs.names(folder_of(self._job)):
            self._blobs.purge(name)

    def _add(self, content: bytes) -> None:
        self._spool.seek(self._size)
        self._spool.write(content)
        self._size += len(content)

    def _flush_regularly(self) -> None:
        while not self._closed.wait(_FLUSH_SECONDS):
            with self._lock:
                self._flush()

    def _flush(self) -> None:
        if self._sent == self._size:
            return
        self._spool.seek(self._sent)
        content = self._spool.read(self._size - self._sent)
        try:
            self._blobs.put(f"{folder_of(self._job)}{self._sent:0{_DIGITS}d}", io.BytesIO(content), len(content))
        except ServiceError:
            return
        self._sent = self._size


def folder_of(job: str) -> str:
    """Where the log is while the job runs."""
    return f"jobs/{job}/log/"


def read(blobs: Blobs, job: str, offset: int) -> Iterator[bytes]:
    """What the log has from an offset on, now; nothing while its end brings it to its final place, beginning first."""
    folder = folder_of(job)
    starts = [int(name.removeprefix(folder)) for name in blobs.names(folder)]
    first = max((start for start in starts if start <= offset), default=0)
    for start in (one for one in starts if one >= first):
        if start > offset:
            return
        if content := blobs.read(f"{folder}{start:0{_DIGITS}d}", offset - start):
            yield content
            offset += len(content)


def read_stored(blobs: Blobs, job: str, offset: int) -> bytes | None:
    """The rest of the log of a job that has ended; None if there is none."""
    return blobs.read(job_paths.artifact(job, job_paths.LOG), offset)
