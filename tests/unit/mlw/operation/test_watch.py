"""`mlw watch`: the table, one line per refresh elsewhere, exit codes."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from infra.clients import readiness_probes
from infra.clients.engine import container_usage
from infra.clients.engine.container_usage import Usage
from infra.clients.readiness_probes import ProbeResult
from infra.services import HttpProbe
from mlw.diagnosis.engine_snapshot import Container
from mlw.main import main
from mlw.operation import service_status, watch
from mlw.operation.service_names import ServiceContainer
from mlw.operation.service_status import Rates, ServiceStatus
from tests.unit.states import Place

REQUESTS = [
    {
        "item": "requests",
        "cloud_RoleName": "shop",
        "count": 90,
        "perSecond": 1.5,
        "failed": 2,
        "average": 3.25,
        "p95": None,
    }
]


def container(name: str, status: str) -> Container:
    return Container(
        name=name, stack="dev", resource_id="", status=status, exit_code=0, restarts=1, ports=frozenset(), bindings=(),
        last_log_lines="",
    )  # fmt: skip


@pytest.fixture
def containers(place: Place, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Services to the state of their containers; the health check of `registry` fails."""
    states = {"storage": "running", "keyVault": "running"}
    place.deploy("dev")
    monkeypatch.setattr(
        service_status,
        "service_containers",
        lambda _: [ServiceContainer(service, container(f"{service}-1", state)) for service, state in states.items()],
    )
    usage = Usage(memory=64 * 2**20, limit=2**30, cpu=1, machine=1, cpus=1)
    monkeypatch.setattr(container_usage, "usage_of", lambda names: dict.fromkeys(names, usage))

    def probe(url: str, _probe: HttpProbe, _certificate: str) -> Callable[[], ProbeResult]:
        return lambda: ProbeResult(passed="20002" not in url, seen=url)

    monkeypatch.setattr(readiness_probes, "endpoint_probe", probe)
    monkeypatch.setattr(Rates, "__init__", lambda *_: None)
    monkeypatch.setattr(Rates, "exist", False)
    monkeypatch.setattr(Rates, "look", lambda _: [])
    return states


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace whose telemetry can be queried."""
    monkeypatch.setattr(Rates, "exist", True)
    monkeypatch.setattr(Rates, "look", lambda _: REQUESTS)


def interrupt_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [None] * (count - 1)

    def sleep(_: float) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop()

    monkeypatch.setattr(time, "sleep", sleep)


@pytest.mark.usefixtures("containers")
def test_once_succeeds_when_every_service_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", "dev", "--once"]) == 0

    heading, storage, key_vault = capsys.readouterr().out.splitlines()
    assert heading.split() == list(watch.HEADINGS)
    assert storage.split()[:2] == ["storage", "ready"]
    assert storage.split()[-5:] == ["64.0", "MiB", "1024.0", "MiB", "1"]
    assert key_vault.split()[:2] == ["keyVault", "ready"]


def test_once_fails_when_a_service_is_not(containers: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    containers |= {"keyVault": "exited", "registry": "running"}

    assert main(["watch", "dev", "--once", "--json"]) == 1

    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["services"]
    assert {one["service"]: one["state"] for one in found} == {
        "storage": "ready",
        "keyVault": "exited",
        "registry": "not ready",
    }
    assert found[1]["memoryMib"] is None


@pytest.mark.usefixtures("containers", "rates")
def test_requests_are_shown_where_they_can_be_queried(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", "dev", "--once"]) == 0

    assert capsys.readouterr().out.splitlines()[-1].split() == ["shop", "1.50", "2", "3.2", "ms", "-"]


@pytest.mark.usefixtures("containers", "rates")
def test_without_a_terminal_a_refresh_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt_after(2, monkeypatch)

    assert main(["watch", "dev"]) == 130

    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[2] for line in lines] == [
        "storage=ready,64.0MiB keyVault=ready,64.0MiB requests=90/min failed=2/min"
    ] * 2


@pytest.mark.usefixtures("containers")
def test_a_terminal_is_refreshed_in_place_and_gets_its_cursor_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    interrupt_after(2, monkeypatch)

    assert main(["watch", "dev"]) == 130

    printed = capsys.readouterr().out
    assert printed.startswith("\x1b[?25l\x1b[2J\x1b[HWorkspace 'dev', ")
    assert (printed.count("\x1b[H"), printed.count("\x1b[J")) == (2, 2)
    assert printed.endswith("\x1b[?25h\n")


def test_a_first_look_knows_no_cpu() -> None:
    assert "-" in watch.render([ServiceStatus(service="storage", state="ready")], [], has_rates=False)
