"""The database: one SQLite file, whose commits are on the disk before they are acknowledged.

Its schema is MLflow's. It is made, or migrated, in a copy that then replaces the file: whatever happens on the way, the
file is either the old one or the new one. MLflow makes a new schema by all its migrations, which take seconds if each
of them waits for the disk; in the copy none does.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from .configuration import ConfigurationError

_log = logging.getLogger(__name__)


def prepare(path: Path) -> None:
    """Bring the schema to the version of the installed MLflow.

    Raises:
        ConfigurationError: A newer MLflow has written the file, or it is no database of MLflow.
    """
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from mlflow.store.db.utils import _get_alembic_config  # noqa: PLC0415

    copy = path.with_name(f"{path.name}.upgrade")
    _remove(copy)
    found = _revision(path)
    script = ScriptDirectory.from_config(_get_alembic_config(db_url=""))
    if found is not None and found not in {revision.revision for revision in script.walk_revisions()}:
        raise ConfigurationError(
            f"opening the database '{path}': a newer MLflow has written it (its schema is '{found}', which this "
            "version does not know). Use the version of the product that wrote it, or restore a backup."
        )
    if found != script.get_current_head():
        _log.info("preparing the database", extra={"from": found, "to": script.get_current_head()})
        _migrate(path, copy)
    _make_commits_durable()


def close(path: Path) -> None:
    """Write what is in the log that was written ahead into the file, so that the file alone is complete."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _make_commits_durable() -> None:
    """Let every connection of this process write ahead, and wait for the disk at each commit."""
    from sqlalchemy import Engine, event  # noqa: PLC0415

    if not event.contains(Engine, "connect", _set_pragmas):
        event.listen(Engine, "connect", _set_pragmas)


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=20000")


def _revision(path: Path) -> str | None:
    """The schema of the file; None if there is no database yet."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.DatabaseError as exc:
        raise ConfigurationError(f"opening the database '{path}': it is no database of MLflow ({exc}).") from exc
    return str(rows[0][0]) if rows else None


def _migrate(path: Path, copy: Path) -> None:
    from mlflow.store.db.utils import _initialize_tables, _upgrade_db  # noqa: PLC0415
    from sqlalchemy import create_engine, event  # noqa: PLC0415

    is_new = not path.exists()
    if not is_new:
        # Back to one file: a log that was written ahead for the old file must not be applied to the new one.
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        shutil.copyfile(path, copy)
    engine = create_engine(f"sqlite:///{copy}")
    event.listen(engine, "connect", _wait_for_nothing)
    try:
        (_initialize_tables if is_new else _upgrade_db)(engine)
    finally:
        engine.dispose()
    _sync(copy)
    copy.replace(path)
    _sync(path.parent)


def _wait_for_nothing(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=MEMORY")
    connection.execute("PRAGMA synchronous=OFF")


def _remove(copy: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
