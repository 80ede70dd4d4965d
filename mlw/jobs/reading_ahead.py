"""Reads the credentials of a compute while the job is still being submitted: the runner starts before it is.

A guess that is wrong costs nothing but the reading.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from infra.errors import MlWorkspaceError
from infra.rules.computes.compute_rules import LOCAL
from mlw.jobs.job_records import JobRecords


def begin(records: JobRecords, computes: Callable[[], Sequence[str]], read: Callable[[str], object]) -> None:
    """Begin in a thread of its own; whoever needs the credentials meanwhile waits for it.

    Args:
        records: The jobs of the workspace.
        computes: Lists the names of its computes.
        read: Reads the credentials of one.
    """

    def work() -> None:
        try:
            read(likely(records, computes()))
        except MlWorkspaceError:
            # The job that needs them meets the same error, and says so.
            return

    threading.Thread(target=work, daemon=True, name="reading ahead").start()


def likely(records: JobRecords, computes: Sequence[str]) -> str:
    """The compute that is most likely needed next: of the first job that waits, or of the last one, or a cluster."""
    given = [entry.compute for entry in records.queue()] or _of_last(records)
    known = {name.lower(): name for name in computes}
    found = next((known[name.lower()] for name in given if name.lower() in known), "")
    return found or next((name for name in computes if name != LOCAL), LOCAL)


def _of_last(records: JobRecords) -> list[str]:
    name = next(records.names(), "")
    last = records.submitted(name) if name else None
    return [last.compute] if last else []
