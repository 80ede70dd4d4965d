"""Results of monitors' jobs, among the default outputs of each job."""

from __future__ import annotations

import json
from typing import Any, Protocol

from mlw.job_programs.model_monitor.monitor_report import RESULT
from mlw.jobs import job_paths


class Blobs(Protocol):
    """Blobs of the artifact store."""

    def read(self, name: str, offset: int = 0, /) -> bytes | None:
        """Read a blob; None if there is none."""


def read(blobs: Blobs, job: str) -> dict[str, Any] | None:
    """What a job has found, as :func:`mlw.job_programs.model_monitor.monitor_report.write` writes it.

    None if it has not ended, or failed.
    """
    found = blobs.read(_output(job, RESULT))
    return None if found is None else dict(json.loads(found))


def report(job: str, signal: str) -> str:
    """The blob with Evidently's page on a signal."""
    return _output(job, f"{signal}.html")


def _output(job: str, name: str) -> str:
    return job_paths.artifact(job, f"{job_paths.DEFAULT_FOLDERS[0]}/{name}")
