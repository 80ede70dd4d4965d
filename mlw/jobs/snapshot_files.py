"""Files of a stored snapshot of code, as they are put into a container."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.clients.service_connection import ServiceConnection
from mlw.jobs.ports import SourceFile
from mlw.tracking import stored_snapshots

_PIECE_BYTES = 1 << 20


@contextmanager
def code_files(connection: ServiceConnection, container: str, snapshot: str) -> Iterator[Iterator[SourceFile]]:
    """Files of a snapshot; none if its hash is empty."""
    if not snapshot:
        yield iter(())
        return
    with tempfile.TemporaryDirectory(prefix="mlw-job-code-") as place:
        folder = Path(place)
        names = stored_snapshots.extract(connection, container, snapshot, folder)
        yield (_local(folder, name) for name in names)


def _local(folder: Path, name: str) -> SourceFile:
    path = folder / name
    status = path.stat()
    return SourceFile(name=name, size=status.st_size, content=_read(path), mode=status.st_mode & 0o777)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while piece := content.read(_PIECE_BYTES):
            yield piece
