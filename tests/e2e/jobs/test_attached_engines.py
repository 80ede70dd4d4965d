"""Jobs on the engine of another machine, which is reached by SSH only: its 127.0.0.1 is not that of this machine."""

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlw.jobs import runner_lock
from tests.support.other_machine import OtherMachine, other_machine
from tests.support.probes import probe_until
from tests.support.processes import Finished, run
from tests.support.running_jobs import Jobs, lock_of
from tests.support.stacks import LiveStack, Stack

SCRIPT = """
import os, pathlib, sys, urllib.request
for name, path in {"MLFLOW_TRACKING_URI": "/health", "VAULT_ADDR": "/v1/sys/health", "AWS_ENDPOINT_URL_S3": "/minio/health/live"}.items():
    assert os.environ[name].startswith("http://127.0.0.1:"), os.environ[name]
    print(name, urllib.request.urlopen(os.environ[name] + path).status)
pathlib.Path("outputs/note.txt").write_text("kept")
pathlib.Path(sys.argv[2], "copy.csv").write_text(pathlib.Path(sys.argv[1]).read_text())
"""  # noqa: E501


@pytest.fixture(scope="module")
def machine() -> Iterator[OtherMachine]:
    """The other machine."""
    with tempfile.TemporaryDirectory(prefix="mlw-") as made, other_machine(Path(made)) as found:
        yield found


@pytest.fixture(scope="module")
def stack(jobs_stack: LiveStack, machine: OtherMachine) -> Iterator[Stack]:
    """The workspace with the attached engine; afterwards nothing of it is on the other machine."""
    given = jobs_stack.stack
    environment = given.environment
    variables = {**environment.variables, "MLW_SSH_CONFIG": str(machine.ssh_config)}
    found = replace(given, environment=replace(environment, variables=variables))
    _end_runner(found)
    file = machine.folder / "vm.yml"
    login = {"admin_username": "root", "ssh_private_key_file": f"{machine.folder}/key"}
    address = machine.address.replace("root@", "")
    file.write_text(
        yaml.safe_dump({"name": "lab", "type": "virtualmachine", "resource_id": address, "ssh_settings": login})
    )
    attached = json.loads(mlw(found, "attach", "-f", str(file), "-o", "json").check().stdout)
    assert (attached["state"], attached["resource_id"], attached["max_instances"]) == ("Running", machine.address, 1)
    yield found
    detached = mlw(found, "detach", "--name", "lab", "--yes").check()
    assert "Removed what jobs left on the engine" in detached.stderr
    assert machine.docker("images", "--quiet", "--all") == ""
    assert "lab" not in mlw(found, "list").check().stdout
    _end_runner(found)


@pytest.fixture
def jobs(stack: Stack, tmp_path: Path) -> Jobs:
    """Its jobs."""
    return Jobs(stack=stack, folder=tmp_path)


def mlw(stack: Stack, verb: str, *words: str) -> Finished:
    environment = stack.environment
    command = ["mlw", "compute", verb, stack.name, *words]
    return run(command, cwd=environment.project, env=environment.variables, timeout_seconds=180)


def show(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(mlw(stack, "show", "--name", "lab", "-o", "json").check().stdout)
    return found


def test_jobs_run_there_in_turn_with_all_that_a_job_has_and_survive_a_kill_of_the_runner(
    jobs: Jobs, machine: OtherMachine
) -> None:
    (jobs.folder / "src").mkdir()
    (jobs.folder / "src" / "check.py").write_text(SCRIPT)
    (jobs.folder / "table.csv").write_text("1,2\n")
    jobs.submit("lab-long", "echo up; sleep 600", compute="azureml:lab")
    jobs.submit(
        "lab-check",
        "python check.py ${{inputs.table}} ${{outputs.result}}",
        compute="azureml:lab",
        code="src",
        inputs={"table": {"type": "uri_file", "path": "table.csv"}},
        outputs={"result": {"type": "uri_folder"}},
    )
    jobs.wait_for("lab-long", "Running")
    (container,) = machine.docker("ps", "--quiet").split()
    assert jobs.containers() == []
    assert jobs.show("lab-check")["status"] == "Queued"
    assert "not all of its jobs have ended" in mlw(jobs.stack, "detach", "--name", "lab", "--yes").stderr

    os.kill(jobs.runner(), signal.SIGKILL)
    jobs.mlw("cancel", "lab-long").check()

    assert jobs.finish("lab-long")["status"] == "Canceled"
    assert container not in machine.docker("ps", "--quiet", "--all").split()
    streamed = jobs.mlw("stream", "lab-check").check().stdout
    assert [f"{name} 200" in streamed for name in ("MLFLOW_TRACKING_URI", "VAULT_ADDR", "AWS_ENDPOINT_URL_S3")] == [
        True, True, True,
    ]  # fmt: skip
    jobs.mlw("download", "lab-check", "--all", "-p", str(jobs.folder / "down")).check()
    names = {one.name: one.read_text() for one in (jobs.folder / "down").rglob("*.*") if one.is_file()}
    assert (names["note.txt"], names["copy.csv"]) == ("kept", "1,2\n")
    assert machine.docker("ps", "--quiet", "--all") == machine.docker("volume", "ls", "--quiet") == ""


def test_an_engine_that_stops_is_told_and_works_again_when_it_is_back(jobs: Jobs, machine: OtherMachine) -> None:
    jobs.submit("lab-cut", "echo up; sleep 600", compute="azureml:lab")
    jobs.wait_for("lab-cut", "Running")

    machine.stop()
    away = show(jobs.stack)
    machine.start()

    assert (away["state"], "nothing listens" in away["error"] or "ssh:" in away["error"]) == ("Unreachable", True)
    assert "the engine stopped while the command ran" in jobs.finish("lab-cut")["error"]
    back = show(jobs.stack)
    assert (back["state"], back["cpus"]) == ("Running", os.cpu_count())
    jobs.submit("lab-back", "echo again", compute="azureml:lab")
    assert jobs.finish("lab-back")["status"] == "Completed"
    probe_until(lambda: _require_empty(machine), what="the removal of what jobs left", timeout_seconds=60)


def _require_empty(machine: OtherMachine) -> None:
    assert machine.docker("ps", "--quiet", "--all") == machine.docker("volume", "ls", "--quiet") == ""


def _end_runner(stack: Stack) -> None:
    """End the runner that earlier tests have left: it was started with other variables."""
    runner_lock.end(lock_of(stack), wait_seconds=60)
