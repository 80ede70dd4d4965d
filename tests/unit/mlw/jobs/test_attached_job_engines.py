"""Jobs of attached engines: which engine a job gets, and how it ends when the engine does not respond."""

from dataclasses import replace

import pytest

from infra import labels
from infra.clients.engine import docker_engine
from infra.clients.engine.attached_engine import AttachedEngine
from mlw.jobs.attached_job_engines import AttachedJobEngines
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.dispatcher import JobStop
from mlw.jobs.job_engine import JobEngine
from mlw.jobs.job_status import JobStatus
from tests.support.fake_jobs import FakeWorkspace

LAB = AttachedEngine(compute="lab", address="unix:///nowhere/x.sock", stack_id="id")
OWN = JobEngine(stack_id="id", workspace="mlw-x", labels={labels.ID: "id"})


@pytest.fixture
def reports() -> list[str]:
    return []


@pytest.fixture
def engines(reports: list[str]) -> AttachedJobEngines:
    return AttachedJobEngines(OWN, lambda compute: LAB if compute == "lab" else None, reports.append)


def test_a_job_of_an_engine_that_does_not_respond_fails_at_once_and_says_why(
    engines: AttachedJobEngines, reports: list[str]
) -> None:
    runner = replace(FakeWorkspace().runner, attached=engines.engine_of)

    done = runner.run(CommandJob(name="j", command="x", compute="lab"), JobStop())

    assert done.status is JobStatus.FAILED
    assert "'unix:///nowhere/x.sock' of compute 'lab': nothing listens" in done.error
    assert [one.partition(":")[0] for one in reports] == ["j"]
    assert "are removed when the engine responds again" in reports[0]


def test_a_job_of_another_compute_is_on_the_workspaces_own_engine(engines: AttachedJobEngines) -> None:
    world = FakeWorkspace()
    runner = replace(world.runner, attached=engines.engine_of)

    done = runner.run(CommandJob(name="j", command="x", compute="cpu"), JobStop())

    assert (done.status, world.engine.removed) == (JobStatus.COMPLETED, ["j"])


def test_images_are_pulled_by_the_engine_of_the_job(engines: AttachedJobEngines) -> None:
    assert engines.connect_of(CommandJob(name="j", command="x", compute="lab")) == LAB.connect
    assert engines.connect_of(CommandJob(name="j", command="x", compute="cpu")) is docker_engine.connect
