"""What the runner writes about a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from mlw.jobs.command_jobs import BlobLocation
from mlw.jobs.job_status import JobStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class JobState:
    """Status of a job and what is known of its execution.

    Attributes:
        queued: When the runner first saw it, ISO 8601; likewise the other times. Empty for not yet.
        run_id: Id of its MLflow run.
        log_start: Bytes of the log before the output of the command: what the runner wrote while it prepared it.
        exit_code: Of the command; None until it has ended.
        result: The final status that it gets when nothing of it is left on the engine; empty until it is known.
        error: Why it failed or was canceled.
        outputs: Where its outputs are stored.
        properties: Facts that were found out, e.g. the best trial of a sweep.
    """

    status: JobStatus = JobStatus.NOT_STARTED
    queued: str = ""
    started: str = ""
    ended: str = ""
    run_id: str = ""
    experiment_id: str = ""
    image: str = ""
    log_start: int = 0
    exit_code: int | None = None
    result: str = ""
    error: str = ""
    outputs: Mapping[str, BlobLocation] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    def moved(self, status: JobStatus, **changed: Any) -> JobState:  # noqa: ANN401 - fields of this class
        """The next state, with the time of the change."""
        times: dict[str, Any] = {}
        if status is JobStatus.QUEUED:
            times["queued"] = self.queued or now()
        if status is JobStatus.RUNNING:
            times["started"] = self.started or now()
        if status.is_final:
            times["ended"] = now()
        return replace(self, status=status, **times, **changed)

    def as_json(self) -> dict[str, Any]:
        """Write it as a record has it."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> JobState:
        """Read what :meth:`as_json` writes."""
        outputs = {name: BlobLocation(**one) for name, one in (document.get("outputs") or {}).items()}
        return cls(**{**document, "status": JobStatus(document["status"]), "outputs": outputs})


def now() -> str:
    """The time, as records have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
