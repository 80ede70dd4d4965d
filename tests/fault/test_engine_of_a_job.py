"""The Docker engine is killed while a job runs, and starts again: the job ends with the truth, and nothing stays.

On an engine of the test's own, with fakes of everything else: the machine's engine is not killed.
"""

import gc
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from infra import labels, service_images
from mlw.jobs.command_jobs import CommandJob, Finished
from mlw.jobs.dispatcher import JobStop
from mlw.jobs.job_engine import JobEngine
from mlw.jobs.job_status import JobStatus
from mlw.jobs.ports import JobRights
from tests.support.fake_jobs import FakeWorkspace
from tests.support.probes import probe_until
from tests.support.second_engine import SecondEngine, address_of, killable_engine

IMAGE = service_images.table()["python"].image
STACK = "0123456789abcdef"


@pytest.fixture
def second(engine: DockerClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecondEngine]:
    """An engine with the image of Python, which the runner uses."""
    with tempfile.TemporaryDirectory(prefix="mlw-") as made, killable_engine(engine, Path(made)) as found:
        found.copy_image(IMAGE, engine)
        monkeypatch.setenv("DOCKER_HOST", address_of(Path(made)))
        yield found
    # The library leaks a socket for each connection that is refused while the engine is away.
    gc.collect()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.fault("the engine is killed and starts again while a job runs", "the job ends as failed and says so")
def test_a_job_whose_engine_restarts_fails_and_says_why(second: SecondEngine) -> None:
    world = FakeWorkspace()
    world.images.image = IMAGE
    world.access.rights = JobRights()
    world.engine = JobEngine(stack_id=STACK, workspace="mlw-x", labels={labels.ID: STACK})  # type: ignore[assignment]
    ended: list[Finished] = []
    job = CommandJob(name="j", command="echo up; echo kept > outputs/kept.txt; sleep 600")
    runner = world.runner
    thread = threading.Thread(target=lambda: ended.append(runner.run(job, JobStop())), daemon=True)

    thread.start()
    probe_until(lambda: _contains(world, "up"), what="the output of the job", timeout_seconds=60)
    second.kill()
    second.start()
    thread.join(90)

    (done,) = ended
    assert (done.status, done.error.partition(",")[0]) == (JobStatus.FAILED, "the engine stopped while the command ran")
    assert set(world.store.artifacts) == {"j/outputs/kept.txt"}
    assert second.client.containers.list(all=True) == []
    assert second.client.volumes.list() == []


def _contains(world: FakeWorkspace, text: str) -> None:
    assert text in world.store.logs["j"].content.decode()
