"""A workspace is reported as ready only after all its services have responded."""

import pytest

from infra.clients import readiness_probes
from infra.clients.readiness_probes import Probe, ProbeResult
from infra.errors import NotReadyError
from infra.services import HttpProbe
from mlw.lifecycle import checkpoints
from mlw.lifecycle.service_readiness import require_ready
from tests.unit.states import a_state, the_outputs


class World:
    """What responds, and what was asked."""

    def __init__(self) -> None:
        self.silent: dict[str, int] = {}
        """Address to the number of times that it fails."""
        self.asked: list[str] = []

    def endpoint_probe(self, url: str, probe: HttpProbe | None, ca_certificate: str) -> Probe:
        assert ca_certificate in {"", "PEM"}
        path = probe.path if probe else ""

        def ask() -> ProbeResult:
            self.asked.append(url + path)
            self.silent[url] = self.silent.get(url, 0) - 1
            return ProbeResult(passed=self.silent[url] < 0, seen=f"GET {url}{path} -> TimeoutError")

        return ask


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(readiness_probes, "endpoint_probe", made.endpoint_probe)
    monkeypatch.setattr(readiness_probes, "POLL_SECONDS", 0.0)
    return made


def require(*, patience_seconds: float = 20.0, tls: bool = False, **endpoints: str) -> None:
    """Ask the services of a stack with these endpoints besides its own."""
    outputs = the_outputs("dev")
    outputs["endpoints"] |= {use.replace("_", "."): address for use, address in endpoints.items()}
    outputs |= {"certificateAuthority": "PEM"} if tls else {}
    require_ready("dev", checkpoints.parse(a_state(outputs=outputs)), patience_seconds=patience_seconds)


def test_every_service_is_asked_once(world: World) -> None:
    require(storage_logs="http://127.0.0.1:20009", jupyter="http://127.0.0.1:20010")
    assert sorted(world.asked) == [
        "http://127.0.0.1:20001/minio/health/cluster",
        "http://127.0.0.1:20002/v2/",
        "http://127.0.0.1:20003/v1/sys/health",
        "http://127.0.0.1:20004",
        "http://127.0.0.1:20005/v1/traces",
        "http://127.0.0.1:20006/v2/",
        "http://127.0.0.1:20007/healthz",
        "http://127.0.0.1:20009/minio/health/cluster",
    ]


def test_service_that_just_restarts_is_waited_for(world: World) -> None:
    world.silent = {"http://127.0.0.1:20003": 3}
    require()
    assert world.asked.count("http://127.0.0.1:20003/v1/sys/health") == 4


def test_services_that_stay_silent_are_all_named(world: World) -> None:
    world.silent = {"http://127.0.0.1:20003": 10**9, "http://127.0.0.1:20009": 10**9}
    with pytest.raises(NotReadyError) as told:
        require(storage_logs="http://127.0.0.1:20009", patience_seconds=0)
    message = str(told.value)
    assert "stack 'dev': not ready: key vault: GET http://127.0.0.1:20003/v1/sys/health -> TimeoutError" in message
    assert "storage account 'logs': GET http://127.0.0.1:20009" in message
    assert "mlw diagnose dev" in message


def test_address_without_scheme_may_be_of_a_stack_with_or_without_tls(world: World) -> None:
    world.silent = {"https://127.0.0.1:20006": 1}
    require(tls=True)
    assert "https://127.0.0.1:20002/v2/" in world.asked
    assert "http://127.0.0.1:20002/v2/" not in world.asked
    assert "http://127.0.0.1:20006/v2/" in world.asked
