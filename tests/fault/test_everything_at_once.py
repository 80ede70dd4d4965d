"""Services and engine stop under write load, one by one and all together: acknowledged data is there and equal.

The key vault unseals within five seconds of its container's start, each time, without an operator.
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from docker import DockerClient

from tests.support import faults
from tests.support.load import Load
from tests.support.probes import probe_until
from tests.support.stacks import LiveStack
from tests.support.updates import assert_unchanged
from tests.support.vault import assert_unsealed

OPEN_SECONDS = 5
BACK_SECONDS = 30
"""Until every kind of write is acknowledged again, clients' own pauses included."""

Fault = Callable[[DockerClient, LiveStack], None]


@pytest.fixture
def load(live: LiveStack, marker: str) -> Load:
    """A load that has not started."""
    return Load(stack=live.stack.name, outputs=live.outputs, prefix=marker)


def restarted(resource: str) -> Fault:
    return lambda engine, live: faults.restart(engine, live.container_of(resource))


def crashed(resource: str) -> Fault:
    return lambda engine, live: faults.crash(engine, live.container_of(resource))


FAULTS_OF_A_SERVICE: dict[str, Fault] = {
    "storage account is restarted": restarted("storageAccount"),
    "container registry is restarted": restarted("containerRegistry"),
    "key vault is restarted": restarted("keyVault"),
    "application insights is restarted": restarted("applicationInsights"),
    "insights store is restarted": restarted("insightsStore"),
    "storage account crashes": crashed("storageAccount"),
    "container registry crashes": crashed("containerRegistry"),
    "key vault crashes": crashed("keyVault"),
    "application insights crashes": crashed("applicationInsights"),
    "insights store crashes": crashed("insightsStore"),
}
FAULTS_OF_THE_MACHINE: dict[str, Fault] = {
    "everything loses its power": lambda engine, live: faults.cut_power(engine, live.stack.objects()),
    "engine is restarted": lambda _, live: faults.restart_engine(live.stack.environment),
}


def go_through(live: LiveStack, engine: DockerClient, fault: Fault) -> None:
    """Trigger the fault, and fail unless a restarted vault unseals in time."""
    vault = live.container_of("keyVault")
    before = faults.started_at(engine, vault)

    fault(engine, live)

    started = faults.started_at(engine, vault)
    running = (datetime.now(UTC) - started).total_seconds()
    left = BACK_SECONDS if started == before else max(OPEN_SECONDS - running, 0)
    probe_until(lambda: assert_unsealed(live.outputs), what="an open vault", timeout_seconds=left)


def survive(live: LiveStack, engine: DockerClient, load: Load, fault: Fault) -> None:
    with load.running():
        go_through(live, engine, fault)
        load.await_more(3, seconds=BACK_SECONDS)

    load.verify()


@pytest.mark.parametrize("fault", FAULTS_OF_A_SERVICE.values(), ids=FAULTS_OF_A_SERVICE)
@pytest.mark.fault(
    "a service is restarted or crashes under writes", "every acknowledged write is there without a repair"
)
def test_acknowledged_writes_survive_when(live: LiveStack, engine: DockerClient, load: Load, fault: Fault) -> None:
    survive(live, engine, load, fault)


@pytest.mark.parametrize("fault", FAULTS_OF_THE_MACHINE.values(), ids=FAULTS_OF_THE_MACHINE)
@pytest.mark.fault(
    "the machine loses power or the engine is restarted under writes",
    "every acknowledged write is there, and nothing is left to repair",
)
def test_acknowledged_writes_survive_without_repairs_when(
    live: LiveStack, engine: DockerClient, load: Load, fault: Fault
) -> None:
    survive(live, engine, load, fault)

    assert_unchanged(live.stack.preview())


@pytest.mark.fault(
    "the key vault is restarted ten times under writes", "it unseals itself within five seconds and has every secret"
)
def test_key_vault_restarted_ten_times_unseals_each_time_and_keeps_every_secret(
    live: LiveStack, engine: DockerClient, load: Load
) -> None:
    with load.running():
        for _ in range(10):
            load.await_more(random.randint(1, 5), seconds=BACK_SECONDS, only=("secret",))  # noqa: S311
            go_through(live, engine, restarted("keyVault"))

    load.verify()
