"""Containers vanish behind the provisioner's back: the next up repairs the workspace and keeps its data."""

from collections.abc import Callable

import pytest
from docker import DockerClient

from tests.support.journal import Journal
from tests.support.stacks import LiveStack
from tests.support.updates import assert_unchanged

SERVICES = ("storageAccount", "keyVault", "containerRegistry", "applicationInsights")

Fault = Callable[[DockerClient, str], None]


def kill(engine: DockerClient, container: str) -> None:
    engine.api.kill(container, signal="SIGKILL")


def remove(engine: DockerClient, container: str) -> None:
    engine.api.remove_container(container, force=True)


@pytest.mark.parametrize("fault", [kill, remove], ids=["docker kill", "docker rm"])
@pytest.mark.parametrize("service", SERVICES)
def test_next_up_repairs_a_lost_container_and_keeps_its_data(
    live: LiveStack, engine: DockerClient, marker: str, service: str, fault: Fault
) -> None:
    journal = Journal(stack=live.stack.name, outputs=live.outputs, marker=marker).write()
    volumes = live.stack.objects().volumes

    fault(engine, live.container_of(service))
    live.stack.lifecycle("up").check()

    assert live.stack.outputs() == live.outputs
    assert live.stack.objects().volumes == volumes
    journal.verify(engine)
    assert_unchanged(live.stack.preview())
