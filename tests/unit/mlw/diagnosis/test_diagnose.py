"""`mlw diagnose` as a whole: what is asked, what is left out, what is printed."""

import json
from collections.abc import Collection, Iterable

import pytest

from infra import services
from mlw.diagnosis import diagnose, service_checks
from mlw.diagnosis.diagnosed_services import DiagnosedService
from mlw.diagnosis.engine_snapshot import Container, Snapshot
from mlw.diagnosis.findings import Finding, Group
from mlw.main import main
from mlw.stacks.stacks import Stack
from tests.unit.states import CREDENTIALS, SERVICES, Place, a_workspace, name_of, resource_id

PORTS = {
    "storageAccount": (20001,),
    "containerRegistry": (20002, 20006),
    "keyVault": (20003,),
    "applicationInsights": (20004, 20005),
    "insightsStore": (20007,),
}


class World:
    """The engine and the services, as a test wants them."""

    def __init__(self) -> None:
        self.status = {service.name: "running" for service in services.REQUIRED}
        self.asked: list[str] = []
        self.refused: list[str] = []

    def take_snapshot(self, *, stack_ids: Collection[str], resource_ids: Iterable[str]) -> Snapshot:
        assert all(stack_id.startswith("id-of-") for stack_id in stack_ids)
        wanted = set(resource_ids)
        return Snapshot(
            containers=tuple(found for found in map(self._container, self.status) if found.resource_id in wanted),
            volumes=frozenset(f"{name_of('churn', key)}-{suffix}-data" for key, (_, _, suffix) in SERVICES.items()),
            networks=frozenset({"rg-churn"}),
        )

    def check_answers(self, service: DiagnosedService) -> Iterable[Finding]:
        self.asked.append(service.service.title)
        if service.service.title in self.refused:
            yield Finding(group=service.group, code="NotReady", message="x")

    def check_record(self, service: DiagnosedService, _datastores: object, record: object) -> Iterable[Finding]:
        assert record
        self.asked.append(f"record in {service.what}")
        return []

    def _container(self, key: str) -> Container:
        return Container(
            name=key,
            stack="churn",
            resource_id=resource_id("churn", services.SERVICES[key].section),
            status=self.status[key],
            exit_code=1,
            restarts=0,
            ports=frozenset(endpoint.port for endpoint in services.SERVICES[key].endpoints),
            bindings=tuple(("127.0.0.1", port) for port in PORTS[key]),
            last_log_lines="",
        )


@pytest.fixture
def world(place: Place, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    place.deploy("churn")
    monkeypatch.setattr(diagnose, "take_snapshot", made.take_snapshot)
    monkeypatch.setattr(service_checks, "check_answers", made.check_answers)
    monkeypatch.setattr(service_checks, "check_record", made.check_record)
    monkeypatch.setattr(Stack, "credentials", lambda _stack: CREDENTIALS)
    return made


EVERYTHING = {
    "storage account",
    "container registry",
    "key vault",
    "application insights",
    "insights store",
    "record in storage account 'stchurn'",
}


def test_a_healthy_workspace_is_an_empty_object_and_exit_code_0(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", "churn"]) == 0

    assert capsys.readouterr() == ("{}\n", "workspace 'mlw-churn' of stack 'churn': healthy\n")
    assert set(world.asked) == EVERYTHING


def test_a_finding_is_printed_in_its_group_and_ends_with_1(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.status["keyVault"] = "exited"

    assert main(["diagnose", "churn"]) == 1

    printed = capsys.readouterr()
    (group,) = json.loads(printed.out).items()
    assert (group[0], [found["code"] for found in group[1]]) == ("key_vault", ["ContainerNotRunning"])
    assert printed.err.endswith("1 finding\n")


def test_a_service_that_does_not_run_is_not_asked(world: World) -> None:
    world.status["keyVault"] = "exited"

    main(["diagnose", "churn"])

    assert set(world.asked) == EVERYTHING - {"key vault"}


@pytest.mark.parametrize("broken", ["status", "answer"])
def test_the_record_is_not_read_where_the_storage_account_does_not_answer(world: World, broken: str) -> None:
    if broken == "status":
        world.status["storageAccount"] = "exited"
    else:
        world.refused.append("storage account")

    assert main(["diagnose", "churn"]) == 1
    assert not any(asked.startswith("record") for asked in world.asked)


def test_a_stack_whose_update_did_not_end_is_looked_at_without_secrets(
    world: World, place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.deploy("churn", a_workspace("churn", outputs={}))
    monkeypatch.delattr(Stack, "credentials")

    assert main(["diagnose", "churn"]) == 1

    found = json.loads(capsys.readouterr().out)
    assert [entry["code"] for entry in found[str(Group.OTHER)]] == ["UpdateUnfinished"]
    assert world.asked == []
