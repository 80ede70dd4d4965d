"""Containers vanish behind the provisioner's back: the next up repairs the workspace and keeps its data."""

from collections.abc import Callable

import pytest
from docker import DockerClient

from tests.support.journal import Journal
from tests.support.stacks import LiveStack
from tests.support.updates import assert_unchanged

Fault = Callable[[DockerClient, str], None]


def kill(engine: DockerClient, container: str) -> None:
    engine.api.kill(container, signal="SIGKILL")


def remove(engine: DockerClient, container: str) -> None:
    engine.api.remove_container(container, force=True)


@pytest.mark.parametrize("fault", [kill, remove], ids=["docker kill", "docker rm"])
def test_next_up_repairs_lost_containers_and_keeps_their_data(
    live: LiveStack, engine: DockerClient, marker: str, fault: Fault
) -> None:
    journal = Journal(stack=live.stack.name, outputs=live.outputs, marker=marker).write()
    before = live.stack.objects()

    for container in before.containers:
        fault(engine, container)
    live.stack.lifecycle("up").check()

    after = live.stack.objects()
    assert live.stack.outputs() == live.outputs
    assert after.names == before.names
    assert (after.volumes, after.networks) == (before.volumes, before.networks)
    journal.verify(engine)
    assert_unchanged(live.stack.preview())


def test_one_lost_container_is_repaired_without_touching_the_others(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    journal = Journal(stack=live.stack.name, outputs=live.outputs, marker=marker).write()
    before = live.stack.objects()
    lost = live.container_of("keyVault")

    remove(engine, lost)
    live.stack.lifecycle("up").check()

    gone = before - live.stack.objects()
    assert gone.names["containers"] == {lost}
    assert len(gone) == 1
    journal.verify(engine)
