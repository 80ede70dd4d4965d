"""Services and engine are restarted or die: everything acknowledged is there again, without a person or an up."""

import os
import signal
from collections.abc import Callable

import pytest
from docker import DockerClient

from tests.support.journal import Journal
from tests.support.probes import probe_until
from tests.support.processes import run
from tests.support.stacks import LiveStack
from tests.support.updates import assert_unchanged
from tests.support.vault import assert_unsealed

BACK_SECONDS = 5
"""From the end of `docker restart` to data that can be read; the key vault has to be open again by then."""

ENGINE_BACK_SECONDS = 30

Fault = Callable[[DockerClient, str], None]


def restart(engine: DockerClient, container: str) -> None:
    engine.api.restart(container, timeout=30)


def crash(engine: DockerClient, container: str) -> None:
    """Kill the service's process itself: unlike ``docker kill``, the engine takes this for an accident."""
    before = engine.api.inspect_container(container)["State"]
    os.kill(before["Pid"], signal.SIGKILL)

    def started_again() -> None:
        state = engine.api.inspect_container(container)["State"]
        assert state["Running"], state
        assert state["StartedAt"] != before["StartedAt"]

    probe_until(started_again, what=f"the engine starts '{container}' again", timeout_seconds=10)


@pytest.mark.parametrize("fault", [restart, crash], ids=["restarted", "crashed"])
@pytest.mark.parametrize("service", ["storageAccount", "keyVault", "containerRegistry", "applicationInsights"])
def test_service_comes_back_with_its_data(
    live: LiveStack, engine: DockerClient, marker: str, service: str, fault: Fault
) -> None:
    journal = Journal(stack=live.stack.name, outputs=live.outputs, marker=marker).write()

    fault(engine, live.container_of(service))

    probe_until(lambda: journal.verify(engine), what=f"data after {service}", timeout_seconds=BACK_SECONDS)
    later = Journal(stack=live.stack.name, outputs=live.outputs, marker=f"{marker}-later")
    probe_until(later.write, what=f"writes after {service}", timeout_seconds=BACK_SECONDS)
    later.verify(engine)


def test_key_vault_opens_itself_after_every_restart(live: LiveStack, engine: DockerClient) -> None:
    for _ in range(3):
        restart(engine, live.container_of("keyVault"))

        probe_until(lambda: assert_unsealed(live.outputs), what="an open vault", timeout_seconds=BACK_SECONDS)


def test_everything_restarted_at_once_comes_back_with_its_data(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    journal = Journal(stack=live.stack.name, outputs=live.outputs, marker=marker).write()

    for container in live.stack.objects().containers:
        engine.api.kill(container, signal="SIGKILL")
    for container in live.stack.objects().containers:
        engine.api.start(container)

    probe_until(lambda: journal.verify(engine), what="data after all at once", timeout_seconds=2 * BACK_SECONDS)


def test_engine_restart_brings_everything_back_with_its_data(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    journal = Journal(stack=live.stack.name, outputs=live.outputs, marker=marker).write()
    environment = live.stack.environment

    command = ["python3", "-m", "tools.bootstrap", "engine", "--restart"]
    restarted = run(command, cwd=environment.project, env=environment.variables)
    if "was not started by the bootstrap" in restarted.output:
        pytest.skip("the engine of this machine is its owner's: tests restart only one that the bootstrap started")
    restarted.check()

    probe_until(lambda: journal.verify(engine), what="data after the engine", timeout_seconds=ENGINE_BACK_SECONDS)
    assert_unsealed(live.outputs)
    assert_unchanged(live.stack.preview())
