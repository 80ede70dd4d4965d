"""What `mlw job create` does at the same time."""

import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from mlw.jobs import runner_process, submitting
from mlw.jobs.job_errors import JobError
from mlw.jobs.job_options import Jobs

FILE = Path("job.yml")


class StartingJobs(Jobs):
    """Jobs of a stack that nothing is read of."""

    stack: Any = "a stack"

    def __init__(self) -> None:
        super().__init__(stack_name="dev", principal=None)
        self.done: list[str] = []
        self.is_ready = threading.Barrier(2, timeout=10)

    def make_ready(self) -> None:
        self.is_ready.wait()
        self.done.append("ready")


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> StartingJobs:
    jobs = StartingJobs()

    def ensure(_stack: object, started: subprocess.Popen[bytes] | None) -> subprocess.Popen[bytes] | None:
        jobs.done.append("runner")
        return started

    def load(_kind: str, _file: Path, _overrides: object, name: str | None) -> dict[str, object]:
        jobs.is_ready.wait()
        if name is None:
            raise JobError("reading 'job.yml': it is wrong.")
        return {"name": name}

    def submit_document(_jobs: Jobs, document: dict[str, object], **_more: object) -> object:
        jobs.done.append(f"submitted {document['name']}")
        return document

    monkeypatch.setattr(runner_process, "ensure", ensure)
    monkeypatch.setattr(submitting, "load", load)
    monkeypatch.setattr(submitting, "submit_document", submit_document)
    return jobs


def test_credentials_are_read_while_the_file_is_checked_and_the_runner_starts_before(jobs: StartingJobs) -> None:
    submitting.submit(jobs, FILE, (), "j", tell=print)

    assert jobs.done == ["runner", "ready", "submitted j"]


def test_nothing_is_submitted_of_a_file_that_is_wrong(jobs: StartingJobs) -> None:
    with pytest.raises(JobError, match="it is wrong"):
        submitting.submit(jobs, FILE, (), None, tell=print)

    assert jobs.done == ["runner", "ready"]
