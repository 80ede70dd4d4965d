"""Endpoints are listed, and found to be complete, with one listing of records and one look at the engine."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner

from infra.clients.storage.conditional_documents import Document
from mlw.online_endpoints import publishing
from mlw.online_endpoints.deployment_commands import list_deployments
from mlw.online_endpoints.deployment_engine import DeploymentEngine
from mlw.online_endpoints.deployment_instances import Instance
from mlw.online_endpoints.endpoint_commands import list_endpoints
from mlw.online_endpoints.endpoint_inventory import Inventory
from mlw.online_endpoints.endpoint_options import Endpoints
from mlw.online_endpoints.endpoint_records import Deployment, Endpoint, EndpointRecords
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace
from tests.support.memory_documents import MemoryDocuments
from tests.unit.mlw.online_endpoints.test_endpoint_records import BLUE

ENDPOINTS, DEPLOYMENTS = 20, ("blue", "green")


class CountedDocuments(MemoryDocuments):
    """A storage account that counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    def read(self, container: str, name: str) -> Document | None:
        self.asked[name] += 1
        return super().read(container, name)

    def names(self, container: str, prefix: str, *, after: str = "") -> Iterator[str]:
        self.asked["list"] += 1
        return super().names(container, prefix, after=after)


class CountedEngine:
    """The engine with the containers and volumes that deployments should have, which counts the looks at it."""

    def __init__(self, deployments: list[Deployment]) -> None:
        self.asked: Counter[str] = Counter()
        self.missing: set[str] = set()
        self._deployments = deployments
        self._names = DeploymentEngine(stack_id="id", workspace="ws", labels={}, network="net")

    def instance_of(self, deployment: Deployment, number: int) -> str:
        return self._names.instance_of(deployment, number)

    def instances(self, _endpoint: str = "") -> list[Instance]:
        self.asked["containers"] += 1
        return [
            Instance(
                name=self.instance_of(one, number), endpoint=one.endpoint, deployment=one.name, revision=one.revision,
                number=number, is_running=True, is_stopped=False,
            )
            for one in self._deployments for number in range(one.instance_count)
            if self.instance_of(one, number) not in self.missing
        ]  # fmt: skip

    def volumes(self, _endpoint: str = "") -> dict[str, tuple[str, str, str]]:
        self.asked["volumes"] += 1
        return {self._names.volume_of(one): (one.endpoint, one.name, one.revision) for one in self._deployments}


class Scene:
    """A workspace with endpoints, each with deployments that are complete."""

    def __init__(self, home: Path) -> None:
        self.documents = CountedDocuments()
        records = EndpointRecords(self.documents, "artifacts")
        names = [f"churn-{number:02}" for number in range(ENDPOINTS)]
        deployments = [replace(BLUE, name=name, endpoint=endpoint) for endpoint in names for name in DEPLOYMENTS]
        for name in names:
            records.create(Endpoint(name=name, traffic={"blue": 100}))
        for one in deployments:
            records.write(one)
        self.engine = CountedEngine(deployments)
        stack: Any = SimpleNamespace(
            name="dev", workspace={"id": "/mlw"}, stack_id="id", context=SimpleNamespace(home=home)
        )
        self.workspace = EndpointWorkspace(stack, None, lambda _: None)
        made = {"records": records, "engine": self.engine, "front": "http://host", "_access": ({"registry": "r"}, {})}
        vars(self.workspace).update(made)
        self.settled: list[str] = []
        self.documents.asked.clear()

    def settle(self, _workspace: EndpointWorkspace, endpoint: str) -> None:
        self.settled.append(endpoint)
        self.engine.missing.clear()

    def assert_each_record_was_read_once(self) -> None:
        assert set(self.documents.asked.values()) == {1}
        assert len(self.documents.asked) == 1 + ENDPOINTS * (1 + len(DEPLOYMENTS))
        assert self.engine.asked == {"containers": 1, "volumes": 1}


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene(tmp_path)
    monkeypatch.setattr(Endpoints, "workspace", made.workspace)
    monkeypatch.setattr(publishing, "settle", made.settle)
    return made


def printed(command: click.Command, *words: str) -> list[dict[str, Any]]:
    """What a command on the stack prints."""
    result = CliRunner().invoke(command, ["dev", *words, "--output", "json"])
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_endpoints_are_listed_with_one_look(scene: Scene) -> None:
    assert len(printed(list_endpoints)) == ENDPOINTS

    scene.assert_each_record_was_read_once()


def test_deployments_are_listed_with_one_look(scene: Scene) -> None:
    found = printed(list_deployments, "--endpoint-name", "churn-07")

    assert [(one["name"], one["provisioning_state"], one["instances_running"]) for one in found] == [
        ("blue", "Succeeded", 2), ("green", "Succeeded", 2),
    ]  # fmt: skip
    scene.assert_each_record_was_read_once()


def test_an_endpoint_that_lost_a_container_is_repaired_and_looked_at_again(scene: Scene) -> None:
    scene.engine.missing = {scene.engine.instance_of(replace(BLUE, endpoint="churn-07"), 1)}

    found = printed(list_deployments, "--endpoint-name", "churn-07")

    assert scene.settled == ["churn-07"]
    assert [one["instances_running"] for one in found] == [2, 2]
    assert scene.engine.asked == {"containers": 2, "volumes": 1}


def test_what_is_not_settled_is_found(scene: Scene) -> None:
    records, lost = scene.workspace.records, replace(BLUE, endpoint="churn-03", name="green")
    records.delete_deployment("churn-01", "green")
    scene.engine.missing = {scene.engine.instance_of(lost, 0)}
    with pytest.raises(ZeroDivisionError), scene.workspace.changing("churn-05"):
        raise ZeroDivisionError

    found = Inventory(scene.workspace)

    assert [name for name in sorted(found.names) if not publishing.is_settled(found, name)] == [
        "churn-01", "churn-03", "churn-05",
    ]  # fmt: skip
