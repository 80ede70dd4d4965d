"""Compute instances in `mlw compute`: listed, started and stopped by the engine, used by their user alone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import pytest

from infra.rules.computes.compute_properties import ComputeProperties
from infra.rules.resources.properties import with_defaults
from mlw.computes import instance_login, instance_requests, workspace_computes
from mlw.computes.compute_documents import to_entry
from mlw.computes.machine import Machine
from mlw.computes.workspace_computes import NoSuchComputeError, find_compute
from mlw.main import main
from mlw.stacks.stacks import open_stack
from tests.unit.mlw.computes.test_compute_commands import BEFORE, CPU, LOCAL
from tests.unit.states import Place, a_workspace, the_outputs

ENTRY = {
    "id": "x/ci-ana", "name": "ci-Ana", "type": "ComputeInstance", "vmSize": "standard_ds2_v2", "assignedUser": "dora",
    "idleTimeBeforeShutdown": "PT1H", "description": "", "tags": {}, "principal": "dora",
    "endpoint": "http://127.0.0.1:1",
}  # fmt: skip


class MadeUpEngine:
    """An engine with the container of the instance, or without."""

    def __init__(self) -> None:
        self.status: str | None = "running"
        self.done: list[str] = []
        self.asked: list[str] = []

    def query(self, path: str) -> dict[str, Any] | None:
        self.asked.append(path)
        if self.status is None:
            return None
        host = {"CpuQuota": 200_000, "CpuPeriod": 100_000, "Memory": 7 * 2**30}
        return {"State": {"Status": self.status}, "HostConfig": host}

    def make_running(self, name: str, verb: str) -> None:
        self.done.append(f"{verb} {name}")
        self.status = "exited" if verb == "stop" else "running"


@pytest.fixture
def containers(place: Place, monkeypatch: pytest.MonkeyPatch) -> MadeUpEngine:
    """A deployed workspace with a cluster and an instance, and its engine."""
    place.configure("churn", BEFORE)
    place.deploy("churn", a_workspace("churn", outputs=the_outputs("churn", computes=[LOCAL, CPU, ENTRY])))
    made = MadeUpEngine()

    @contextmanager
    def connect() -> Iterator[Any]:
        yield made.query

    monkeypatch.setattr("mlw.computes.instances.engine_queries.connect", connect)
    monkeypatch.setattr(workspace_computes, "engines_machine", lambda: Machine(cpus=2, memory_mib=64 * 1024))
    monkeypatch.setattr("mlw.computes.instance_power.docker_engine.make_running", made.make_running)
    wait = "mlw.computes.instance_power.readiness_probes.wait_until_ready"
    monkeypatch.setattr(wait, lambda *_, **__: made.done.append("ready"))
    return made


def test_instances_are_listed_after_the_computes_that_run_jobs(
    containers: MadeUpEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compute", "list", "churn"]) == 0

    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0][-1] == "STATE"
    assert rows[-1] == [
        "ci-Ana", "computeinstance", "STANDARD_DS2_V2", "-", "-", "2.0", "7.0", "GiB", "dora", "Running"
    ]  # fmt: skip
    assert containers.asked == [f"/containers/{open_stack('churn').workspace['name']}-ci-ci-ana/json"]


def test_a_job_does_not_run_on_an_instance(containers: MadeUpEngine) -> None:
    with pytest.raises(NoSuchComputeError, match="a compute instance, which runs notebooks and no jobs"):
        find_compute(open_stack("churn"), "ci-ana")


@pytest.mark.parametrize(
    ("status", "verb", "done"),
    [
        ("running", "start", ["ready"]),
        ("exited", "start", ["start NAME", "ready"]),
        ("paused", "start", ["restart NAME", "ready"]),
        ("exited", "stop", []),
        ("running", "stop", ["stop NAME"]),
        ("exited", "restart", ["restart NAME", "ready"]),
    ],
)
def test_power_is_a_matter_of_the_engine(
    containers: MadeUpEngine, capsys: pytest.CaptureFixture[str], status: str, verb: str, done: list[str]
) -> None:
    containers.status = status
    name = f"{open_stack('churn').workspace['name']}-ci-ci-ana"

    assert main(["compute", verb, "churn", "--name", "CI-ana"]) == 0

    assert containers.done == [one.replace("NAME", name) for one in done]
    state = "stopped" if verb == "stop" else "running"
    assert capsys.readouterr().out == f"Compute instance 'ci-Ana' is {state}.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["start", "churn", "-n", "cpu"], "it is not an instance of stack 'churn', but runs jobs"),
        (["start", "churn", "-n", "ci-bea"], "no such compute in stack 'churn'"),
        (["stop", "churn", "-n", "ci-ana", "--principal", "nobody"], "no such principal in stack 'churn'"),
        (["connect", "churn", "-n", "ci-ana", "--principal", "ops"], "Only the assigned user can log in"),
    ],
    ids=["a cluster", "unknown", "unknown principal", "another principal"],
)
def test_what_is_refused_changes_nothing(
    containers: MadeUpEngine, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["compute", *words]) == 1

    assert said in capsys.readouterr().err
    assert containers.done == []


def test_a_missing_container_is_named_with_what_brings_it_back(
    containers: MadeUpEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    containers.status = None

    assert main(["compute", "start", "churn", "-n", "ci-ana"]) == 1
    assert "is gone. Run `make up STACK=churn`" in capsys.readouterr().err


def test_a_link_needs_a_running_instance(containers: MadeUpEngine, capsys: pytest.CaptureFixture[str]) -> None:
    containers.status = "exited"

    assert main(["compute", "connect", "churn", "-n", "ci-ana"]) == 1
    assert "it is stopped. Start it: `mlw compute start churn --name ci-Ana`" in capsys.readouterr().err


@pytest.mark.parametrize(("status", "code"), [(HTTPStatus.OK, 0), (HTTPStatus.FORBIDDEN, 1)])
def test_the_token_makes_a_link_and_is_not_printed(
    containers: MadeUpEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: HTTPStatus,
    code: int,
) -> None:
    @contextmanager
    def asking(*_: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(status=status, read=lambda: json.dumps({"path": "/login/once?code=c"}))

    monkeypatch.setattr(instance_login, "asking", asking)

    assert main(["compute", "connect", "churn", "-n", "ci-ana"]) == code

    printed = capsys.readouterr()
    assert ("http://127.0.0.1:1/login/once?code=c" in printed.out) is (code == 0)
    assert ("it refused the token of 'dora' (status 403)" in printed.err) is (code == 1)
    assert "the-token" not in printed.out + printed.err


def test_an_instance_that_does_not_respond_is_no_traceback(
    containers: MadeUpEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(instance_requests, "credentials_of", lambda *_: {"computeInstanceToken": "the-token"})

    assert main(["compute", "connect", "churn", "-n", "ci-ana"]) == 1
    assert "no response from http://127.0.0.1:1 (ConnectionRefusedError)" in capsys.readouterr().err


def test_azures_yaml_of_an_instance_is_read() -> None:
    document = {
        "name": "ci-ana",
        "type": "computeinstance",
        "size": "STANDARD_DS2_V2",
        "idle_time_before_shutdown_minutes": 30,
        "create_on_behalf_of": {"user_tenant_id": "t", "user_object_id": "ana"},
    }

    assert to_entry(document) == {
        "name": "ci-ana", "type": "ComputeInstance", "vmSize": "STANDARD_DS2_V2", "assignedUser": "ana",
        "idleTimeBeforeShutdown": "PT30M",
    }  # fmt: skip


def test_the_principal_of_an_instance_is_its_user() -> None:
    found = with_defaults(ComputeProperties, {"name": "ci-x", "type": "ComputeInstance", "assignedUser": "ana"})

    assert found["principal"] == "ana"
