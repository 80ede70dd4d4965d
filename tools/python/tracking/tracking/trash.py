"""The trash: deleted runs, logged models and experiments, removed for good after their retention.

MLflow only marks what is deleted; its own command for the rest leaves artifacts and rows behind. Here the artifacts go
first and the record last, so that the next collection finishes an interrupted one. Nothing is removed
that something else still uses: a version of a registered model, or an experiment with a location in the same place.
What an upload stores later where a removed record was is removed when it is as old as the retention.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .artifact_locations import location_path
from .artifact_store import ArtifactStore
from .http_messages import RequestError
from .removed_records import RemovedRecords

_DAY_MILLISECONDS = 24 * 3600 * 1000
_INTERVAL_SECONDS = 3600.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Table:
    """Where MLflow keeps one sort of record that can be deleted."""

    name: str
    key: str
    location: str
    deleted_at: str


_MODELS = _Table("logged_models", "model_id", "artifact_location", "last_updated_timestamp_ms")
_RUNS = _Table("runs", "run_uuid", "artifact_uri", "deleted_time")
_EXPERIMENTS = _Table("experiments", "experiment_id", "artifact_location", "last_update_time")

_VERSIONS = """
SELECT coalesce(m.artifact_location, r.artifact_uri, v.source) AS location FROM model_versions v
LEFT JOIN logged_models m ON v.source = 'models:/' || m.model_id
LEFT JOIN runs r ON v.source LIKE 'runs:/' || r.run_uuid || '/%'
WHERE v.current_stage != 'Deleted_Internal'
UNION ALL SELECT storage_location FROM model_versions WHERE current_stage != 'Deleted_Internal'
"""
"""Locations that versions of registered models need."""

_IN_PLACE = """
WHERE (instr(location, :path) OR instr(location, '%'))
AND (path_of(location) = :path OR path_of(location) GLOB :below)
"""
"""Locations at a path or below it. Reading one is Python, which would take seconds for each record of a large database,
so first comes what is true of all of them: without an escape, a location has its path in it."""

_LEFT_BY_MLFLOW = (
    "DELETE FROM input_tags WHERE input_uuid IN "
    "(SELECT input_uuid FROM inputs WHERE source_id = ? OR destination_id = ?)",
    "DELETE FROM inputs WHERE source_id = ? OR destination_id = ?",
    "DELETE FROM entity_associations WHERE source_id = ? OR destination_id = ?",
)


class Trash:
    """Removes what has been deleted for long enough."""

    def __init__(self, database: Path, store: ArtifactStore, retention_days: int | None) -> None:
        """Args: the database, where the artifacts are, for how many days they can be restored (None: always)."""
        self._database, self._store = database, store
        self._removed = RemovedRecords(database.with_name("removed.db"))
        self._retention = None if retention_days is None else retention_days * _DAY_MILLISECONDS
        self.lock = threading.Lock()
        """Held while one record is checked and removed; whoever restores a record must hold it."""

    def start(self) -> None:
        """Collect now and every hour, until the process ends."""
        threading.Thread(target=self._collect_forever, name="trash", daemon=True).start()

    def collect(self) -> int:
        """Remove everything that is due, and return how many records there were."""
        if self._retention is None:
            return 0
        due = int(time.time() * 1000) - self._retention
        removed = 0
        for table, remove in ((_MODELS, _remove_model), (_RUNS, _remove_run), (_EXPERIMENTS, _remove_experiment)):
            for key in self._deleted(table, due):
                with self.lock:
                    removed += self._remove(table, key, due, remove)
        for path in self._removed.before(due):
            with self.lock:
                self._remove_late_uploads(path, due)
        return removed

    def _remove_late_uploads(self, path: str, due: int) -> None:
        with self._connection() as connection:
            if _find_user(connection, _RUNS, "", path):
                return
        if self._store.remove_before(path, datetime.fromtimestamp(due / 1000, UTC)):
            self._removed.forget(path)

    def _collect_forever(self) -> None:
        while True:
            try:
                if number := self.collect():
                    _log.info("removed deleted records and their artifacts", extra={"records": number})
            except (RequestError, sqlite3.Error) as exc:
                _log.warning("removing deleted records failed; it is tried again in an hour: %s", exc)
            except Exception:
                _log.exception("removing deleted records failed; it is tried again in an hour")
            time.sleep(_INTERVAL_SECONDS)

    def _deleted(self, table: _Table, due: int) -> list[str]:
        with self._connection() as connection:
            rows = connection.execute(
                f"SELECT {table.key} FROM {table.name} "  # noqa: S608 - names from the tables above
                f"WHERE lifecycle_stage = 'deleted' AND {table.deleted_at} <= ? ORDER BY {table.key}",
                (due,),
            )
            return [str(key) for (key,) in rows]

    def _remove(self, table: _Table, key: str, due: int, remove: Callable[[str], None]) -> bool:
        """Remove one record if it is still due, and nothing else needs its artifacts."""
        with self._connection() as connection:
            row = connection.execute(
                f"SELECT {table.location} FROM {table.name} "  # noqa: S608
                f"WHERE {table.key} = ? AND lifecycle_stage = 'deleted' AND {table.deleted_at} <= ?",
                (key, due),
            ).fetchone()
            if row is None:
                return False
            path = _path(row[0])
            if user := _find_user(connection, table, key, path):
                _log.info("kept, although it is deleted: it is used", extra={table.key: key, "user": user})
                return False
        if path is not None:
            if path and table is not _EXPERIMENTS:  # whose numbers SQLite can give again
                self._removed.add(path, int(time.time() * 1000))
            self._store.remove(path)
        with self._connection() as connection:
            for statement in _LEFT_BY_MLFLOW if table is not _EXPERIMENTS else ():
                connection.execute(statement, (key, key))
            connection.commit()
        remove(key)
        return True

    def _connection(self) -> closing[sqlite3.Connection]:
        connection = sqlite3.connect(self._database, timeout=20)
        connection.execute("PRAGMA synchronous=FULL")
        connection.create_function("path_of", 1, _path, deterministic=True)
        return closing(connection)


def _path(location: str | None) -> str | None:
    """The path of a location below the prefix of the artifacts; None if it is somewhere else."""
    try:
        return location_path(location or "")
    except RequestError:
        return None


def _find_user(connection: sqlite3.Connection, table: _Table, key: str, path: str | None) -> str | None:
    """What would lose something if the record was removed; None if nothing would."""
    if table is _EXPERIMENTS:
        query = "SELECT run_uuid FROM runs WHERE experiment_id = ? LIMIT 1"
        if found := connection.execute(query, (key,)).fetchone():
            return f"run {found[0]}"
    for name, query in _queries(table):
        sql = f"SELECT 1 FROM ({query}) {_IN_PLACE} LIMIT 1"  # noqa: S608
        if path and connection.execute(sql, {"path": path, "below": f"{_escaped(path)}/*", "key": key}).fetchone():
            return name
    return None


def _queries(table: _Table) -> Iterator[tuple[str, str]]:
    """Locations of everything but the record itself and what goes with it."""
    yield "a version of a registered model", _VERSIONS
    for other in (_MODELS, _RUNS, _EXPERIMENTS):
        own = table.key if other is table or table is _EXPERIMENTS else None
        condition = f"WHERE {own} != :key" if own else ""
        yield other.name, f"SELECT {other.location} AS location FROM {other.name} {condition}"  # noqa: S608


def _escaped(path: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)


def _remove_model(key: str) -> None:
    _stores()._hard_delete_logged_model(key)


def _remove_run(key: str) -> None:
    _stores()._hard_delete_run(key)


def _remove_experiment(key: str) -> None:
    _stores()._hard_delete_experiment(key)


def _stores() -> Any:  # noqa: ANN401 - MLflow's store has no type here
    from mlflow.server.handlers import _get_tracking_store  # noqa: PLC0415

    return _get_tracking_store()
