"""Commands of the operator while a job runs: they say that all is well, and leave it alone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Finished, run
from tests.support.running_jobs import Jobs
from tests.support.stacks import LiveStack

PASSPHRASE = "a passphrase for the archive"


@pytest.fixture
def jobs(jobs_stack: LiveStack, tmp_path: Path) -> Iterator[Jobs]:
    """The jobs of the workspace, one of which runs."""
    found = Jobs(stack=jobs_stack.stack, folder=tmp_path)
    found.submit("long-job", "echo up; sleep 600")
    found.wait_for("long-job", "Running")
    yield found
    found.mlw("cancel", "long-job").check()
    assert found.finish("long-job")["status"] == "Canceled"
    assert found.left() == []


def test_diagnosis_backup_and_cost_leave_a_running_job_alone(jobs: Jobs, jobs_stack: LiveStack, tmp_path: Path) -> None:
    stack = jobs_stack.stack
    (container,) = jobs.containers()

    def mlw(*words: str) -> Finished:
        environment = {**stack.environment.variables, "MLW_ARCHIVE_PASSPHRASE": PASSPHRASE}
        return run(["mlw", *words], cwd=stack.environment.project, env=environment, timeout_seconds=120)

    diagnosed = mlw("diagnose", stack.name)
    costs = json.loads(mlw("cost", "show", stack.name, "-o", "json").check().stdout)
    saved = mlw("backup", stack.name, str(tmp_path / "archive")).check()
    container.reload()

    assert diagnosed.exit_code == 0, diagnosed.output
    assert str(container.name) in [one["container"] for one in costs["efficiency"]]
    assert saved.exit_code == 0
    assert (container.status, jobs.show("long-job")["status"]) == ("running", "Running")


def test_what_jobs_have_used_is_in_the_costs_of_their_compute(jobs_stack: LiveStack, tmp_path: Path) -> None:
    jobs, stack = Jobs(stack=jobs_stack.stack, folder=tmp_path), jobs_stack.stack
    jobs.submit("costs-something", "sleep 1")
    assert jobs.finish("costs-something")["status"] == "Completed"
    assert jobs.left() == []

    def lines(by: str) -> dict[str, dict[str, float]]:
        words = ["mlw", "cost", "show", stack.name, "--no-sample", "--offset", "1d", "--by", by, "-o", "json"]
        done = run(words, cwd=stack.environment.project, env=stack.environment.variables).check()
        return {one["name"]: one for one in json.loads(done.stdout)["lines"]}

    job = lines("job")["costs-something"]
    assert min(job["cpu"], job["memory"]) > 0
    assert job["assumed"] == 0
    assert lines("compute")["cpu-cluster"]["cost"] >= job["cost"]
