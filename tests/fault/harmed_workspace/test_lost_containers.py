"""Containers disappear without the provisioner: the next `up` repairs the workspace and keeps its data."""

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


def exchange_names(engine: DockerClient, one: str, other: str) -> None:
    engine.api.rename(one, f"{one}-renamed")
    engine.api.rename(other, one)
    engine.api.rename(f"{one}-renamed", other)


@pytest.mark.fault("containers are paused, renamed, disconnected or given other limits", "the next `make up` undoes it")
def test_next_up_undoes_changes_to_containers(live: LiveStack, engine: DockerClient, marker: str) -> None:
    journal = Journal(stack=live.stack.name, outputs=live.outputs, marker=marker).write()
    storage, registry, vault, insights = (
        live.container_of(section)
        for section in ("storageAccount", "containerRegistry", "keyVault", "applicationInsights")
    )
    store = live.container_of("insightsStore")
    (network,) = live.stack.objects().names["networks"]
    engine.api.pause(storage)
    engine.api.disconnect_container_from_network(vault, network)
    engine.api.disconnect_container_from_network(store, network)
    engine.api.connect_container_to_network(store, network)  # without the alias that the collector sends to
    engine.api.update_container(registry, mem_limit="600m", memswap_limit="700m", restart_policy={"Name": "on-failure"})
    engine.api.update_container(insights, cpu_quota=20_000)
    exchange_names(engine, vault, registry)

    told = live.stack.lifecycle("status")
    up = live.stack.lifecycle("up").check()

    assert told.exit_code != 0
    assert all(f"'{container}'" in told.output for container in (storage, registry, vault, insights, store))
    assert "Changed outside of the project" in up.stdout
    assert live.stack.outputs() == live.outputs
    assert "ready" in live.stack.lifecycle("status").check().stdout
    journal.verify()
    assert_unchanged(live.stack.preview())


@pytest.mark.parametrize("fault", [kill, remove], ids=["docker kill", "docker rm"])
@pytest.mark.fault("all containers are killed or removed", "the next `make up` recreates them with their data")
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
    journal.verify()
    assert_unchanged(live.stack.preview())


@pytest.mark.fault("one container is removed", "the next `make up` recreates only that one")
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
    journal.verify()
