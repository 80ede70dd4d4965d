"""The runner of jobs is killed, or what it uses disappears: every job ends with the truth, and nothing stays."""

import json
import os
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import open_engine
from tests.support.environment import Environment
from tests.support.probes import probe_until
from tests.support.running_jobs import Jobs, lock_of
from tests.support.stacks import live_stack
from tests.support.sweep_files import write_sweep

COMPUTES = {
    "tracking": {},
    "computes": [
        {"name": "cpu-cluster", "type": "AmlCompute", "vmSize": "STANDARD_DS1_V2", "maxNodeCount": 2},
        {"name": "wide", "type": "AmlCompute", "vmSize": "STANDARD_DS1_V2", "maxNodeCount": 4},
    ],
}


@pytest.fixture(scope="module")
def jobs(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    with live_stack(environment, **COMPUTES) as stack:
        yield Jobs(stack=stack.stack, folder=tmp_path_factory.mktemp("jobs"))


@pytest.fixture(autouse=True)
def _nothing_stays(jobs: Jobs) -> Iterator[None]:
    yield
    probe_until(lambda: _empty(jobs.left()), what="no objects of jobs", timeout_seconds=30)


def _empty(found: list[str]) -> None:
    assert found == []


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


@pytest.mark.fault("the runner of jobs is killed while it prepares a job", "the job runs once, after the next command")
def test_a_job_that_was_being_prepared_runs_once(jobs: Jobs) -> None:
    jobs.submit("preparing", "echo once >> outputs/count.txt")
    jobs.wait_for("preparing", "Preparing", "Running", "Finalizing", "Completed")
    kill(jobs.runner())

    shown = jobs.finish("preparing")

    assert (shown["status"], shown["error"]) == ("Completed", None)


@pytest.mark.fault("the runner of jobs is killed while a job runs", "the job continues, and its log is complete")
def test_a_running_job_continues_and_its_log_is_complete(jobs: Jobs) -> None:
    jobs.submit("running", "echo first; sleep 6; echo last; exit 4")
    jobs.wait_for("running", "Running")
    started = jobs.containers()[0].id
    kill(jobs.runner())
    probe_until(lambda: _runs(jobs, started), what="the container runs")

    streamed = jobs.mlw("stream", "running")

    assert (jobs.show("running")["status"], jobs.show("running")["exit_code"]) == ("Failed", 4)
    assert streamed.stdout.count("first\n") == streamed.stdout.count("last\n") == 1


def _runs(jobs: Jobs, container: str | None) -> None:
    assert [one.id for one in jobs.containers()] == [container]


@pytest.mark.fault("the runner of jobs is killed while it stores results", "all results are stored by the next one")
def test_results_are_stored_by_the_next_runner(jobs: Jobs) -> None:
    jobs.submit("finalizing", "for n in $(seq 300); do head -c 200000 /dev/urandom > outputs/$n; done")
    jobs.wait_for("finalizing", "Finalizing")
    kill(jobs.runner())

    shown = jobs.finish("finalizing")
    downloaded = jobs.mlw("download", "finalizing", "-p", str(jobs.folder / "results")).check()

    assert (shown["status"], shown["exit_code"]) == ("Completed", 0)
    assert "301 files" in downloaded.stdout


@pytest.mark.fault("the container of a running job is removed", "the job ends as failed and says so")
def test_a_job_whose_container_is_removed_has_failed(jobs: Jobs) -> None:
    jobs.submit("removed", "sleep 60")
    jobs.wait_for("removed", "Running")
    jobs.containers()[0].remove(force=True)

    shown = jobs.finish("removed")

    assert shown["status"] == "Failed"
    # The engine may tell the end of the command before it has removed the container.
    assert "container was removed" in shown["error"] or "ended by SIGKILL" in shown["error"]


@pytest.mark.fault("the storage account restarts while jobs run", "their results are stored when it is back")
def test_results_wait_for_a_storage_account_that_restarts(jobs: Jobs) -> None:
    jobs.submit("restarted", "until [ -e /tmp/go ]; do sleep 0.1; done; echo kept > outputs/kept.txt")
    jobs.wait_for("restarted", "Running")
    with open_engine() as engine:
        (container,) = jobs.containers()
        assert engine.containers.get(container.id or "").exec_run(["touch", "/tmp/go"]).exit_code == 0
        found = engine.containers.list(filters={"label": f"ml-workspace.stack={jobs.stack.name}", "name": "-storage"})
        found[0].restart(timeout=5)

    assert jobs.finish("restarted")["status"] == "Completed"


@pytest.mark.fault(
    "the runner of jobs is killed in the middle of a sweep of 20 trials, 4 at a time",
    "the sweep continues with the same trials, loses none, and keeps 4 busy",
)
def test_a_sweep_loses_no_trial_and_keeps_its_nodes_busy(jobs: Jobs) -> None:
    file = write_sweep(
        jobs.folder,
        "python log.py ${{search_space.loss}} 2",
        compute="azureml:wide",
        sampling_algorithm="random",
        search_space={"loss": {"type": "uniform", "min_value": 0, "max_value": 1}},
        limits={"max_total_trials": 20, "max_concurrent_trials": 4},
    )
    jobs.mlw("create", "-f", str(file), "--name", "sweep").check()
    jobs.wait_for("sweep_7", "Running", "Finalizing", "Completed")
    before = trials_of(jobs)
    kill(jobs.runner())

    shown = jobs.finish("sweep")

    after = trials_of(jobs)
    assert (shown["status"], len(after)) == ("Completed", 20)
    assert {one["status"] for one in after.values()} == {"Completed"}
    assert [name for name, one in before.items() if after[name]["job"] != one["job"]] == []
    assert len({one["properties"]["score"] for one in after.values()}) == 20
    assert busy(list(after.values()), after["sweep_3"], after["sweep_19"]) > 3.5


def trials_of(jobs: Jobs) -> dict[str, Any]:
    """The trials of the sweep, by name."""
    found = json.loads(jobs.mlw("list", "--parent-job-name", "sweep", "-o", "json").check().stdout)
    return {one["name"]: one for one in found}


def busy(trials: list[Any], first: Any, last: Any) -> float:  # noqa: ANN401 - jobs as JSON
    """How many trials held a node on average from the creation of one to that of another one."""
    start, end = (moment(one["creation_context"]["created_at"]) for one in (first, last))
    spans = [(moment(one["creation_context"]["created_at"]), moment(one["end_time"])) for one in trials]
    return sum(max(min(until, end) - max(since, start), 0) for since, until in spans) / (end - start)


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.fault("a workspace is taken down while a job runs", "the job is canceled, and nothing of it is left")
@pytest.mark.parametrize("command", ["make down", "pulumi destroy"])
def test_down_cancels_a_running_job(environment: Environment, tmp_path: Path, command: str) -> None:
    with live_stack(environment, **COMPUTES) as stack:
        running = Jobs(stack=stack.stack, folder=tmp_path)
        running.submit("down", "trap 'exit 0' TERM; sleep 120 & wait")
        running.wait_for("down", "Running")
        runner, registry = running.runner(), stack.outputs["endpoints"]["registryReadOnly"]
        assert images_of(registry)

        identity, home = lock_of(stack.stack).stem, environment.home
        if command == "make down":
            assert "Canceling the jobs that run." in stack.stack.lifecycle("down").check().output
            of_it = [str(path.relative_to(home)) for path in home.rglob(f"{identity}*")]
            assert of_it == [f"activity/usage/{identity}.json"]
        else:
            stack.stack.pulumi("destroy", "--yes", "--skip-preview").check()

        assert running.left() == []
        assert images_of(registry) == []
        probe_until(lambda: _assert_ended(runner), what="the runner ends")


def images_of(registry: str) -> list[str]:
    """References of images on the engine that were pulled from a registry."""
    with open_engine() as engine:
        found = [one for image in engine.api.images() for one in image["RepoDigests"] or ()]
    return [one for one in found if one.startswith(f"{registry}/")]


def _assert_ended(process: int) -> None:
    assert not Path(f"/proc/{process}").exists()
