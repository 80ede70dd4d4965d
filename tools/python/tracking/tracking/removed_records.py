"""Where the artifacts of removed runs and logged models were, so that late uploads to them are removed, too.

A client that has begun to upload a file to a run can finish after the run was removed. What nobody has deleted is never
removed: files below the prefix that belong to no record may be all that is left of a database that was lost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TABLE = "CREATE TABLE IF NOT EXISTS removed (path TEXT PRIMARY KEY, time INTEGER NOT NULL)"


class RemovedRecords:
    """The paths, in a file of their own next to the database, whose schema is MLflow's."""

    def __init__(self, file: Path) -> None:
        """Args: the file, made when the first record is removed."""
        self._file = file

    def add(self, path: str, time: int) -> None:
        """Note that the record at a path is about to be removed, at a time in milliseconds."""
        with self._connection() as connection:
            connection.execute("INSERT OR REPLACE INTO removed VALUES (?, ?)", (path, time))

    def before(self, time: int) -> list[str]:
        """The paths of records that were removed at that time or earlier."""
        with self._connection() as connection:
            found = connection.execute("SELECT path FROM removed WHERE time <= ? ORDER BY path", (time,))
            return [str(path) for (path,) in found]

    def forget(self, path: str) -> None:
        """Nothing is at a path any more."""
        with self._connection() as connection:
            connection.execute("DELETE FROM removed WHERE path = ?", (path,))

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._file, timeout=20)
        try:
            connection.execute("PRAGMA synchronous=FULL")
            with connection:
                connection.execute(_TABLE)
                yield connection
        finally:
            connection.close()
