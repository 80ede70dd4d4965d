"""The start script of a container registry, in a container of its own: a collection ends, however short it is, and so
does the container when it is asked to, however early."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from docker import DockerClient
from docker.models.containers import Container

from infra import service_images
from infra.clients.engine import volume_writer
from infra.clients.registry import garbage_collection
from infra.components.assets import asset
from infra.components.container_registry import PULL_USERS, PUSH_USERS, REGISTRIES, ContainerRegistry, config
from tests.support.probes import probe_until

SECONDS = 20.0
STOP_SECONDS = 60.0

WITH_SLOW_RM = 'rm() { sleep 3; busybox rm "$@"; }; . /etc/distribution/start.sh'
"""The script on a machine that is slow at the very moment between two of its steps."""

WITH_DEAF_SHELLS = """
kill() { [ "$1 $2" != "-TERM $interim" ] || [ -e /tmp/collecting.yml.listens ] || return 0; command kill "$@"; }
busybox sed 's/server= asked=$/&; sleep 1/' /etc/distribution/start.sh >/tmp/start.sh
. /tmp/start.sh
"""
"""The script where a registry's shell takes its time, and never hears what is said before it listens."""


@contextmanager
def started(engine: DockerClient, *command: str) -> Iterator[Container]:
    """Run a shell with the script's files at hand; nothing has been pushed."""
    image, name = service_images.table()["registry"], f"t{uuid.uuid4().hex[:8]}-registry"
    made = [engine.volumes.create(f"{name}-{part}") for part in ContainerRegistry.volumes]
    volume_writer.write(
        f"{name}-config",
        {
            "start.sh": asset("registry-start.sh").encode(),
            "collect.sh": asset("registry-collect.sh").encode(),
            **{file: config("secret", one).encode() for file, one in REGISTRIES.items()},
        },
        {PULL_USERS: b"", PUSH_USERS: b""},
        carrier=volume_writer.Carrier(image=image.image, labels={}),
        owner=_owner(),
    )
    container = engine.containers.run(
        image.image,
        list(command),
        entrypoint=["/bin/sh"],
        name=name,
        detach=True,
        volumes={f"{name}-{part}": {"bind": folder} for part, folder in ContainerRegistry.volumes.items()},
        environment={"OTEL_TRACES_EXPORTER": "none"},
        tmpfs={"/tmp": "rw,mode=1777"},
        read_only=True,
        cap_drop=["ALL"],
    )
    try:
        yield container
    finally:
        container.remove(force=True, v=True)
        for volume in made:
            volume.remove()


def _owner() -> tuple[int, int]:
    uid, _, gid = service_images.table()["registry"].user.partition(":")
    return int(uid), int(gid)


@pytest.mark.parametrize(
    "command", [["/etc/distribution/start.sh"], ["-c", WITH_DEAF_SHELLS]], ids=["as it is", "deaf shells"]
)
def test_collection_with_nothing_to_do_ends(engine: DockerClient, command: list[str]) -> None:
    with started(engine, *command) as container:
        freed = garbage_collection.collect(str(container.name), user=_owner(), untagged=False, seconds=SECONDS)

    assert freed == garbage_collection.Freed(blobs=0, size=0)


def test_container_stopped_while_starting_ends(engine: DockerClient) -> None:
    with started(engine, "-c", WITH_SLOW_RM) as container:
        probe_until(lambda: assert_runs(container, "sleep"), what="the script's first step")

        container.kill(signal="TERM")

        assert container.wait(timeout=STOP_SECONDS)["StatusCode"] == 0


def assert_runs(container: Container, program: str) -> None:
    assert program in str(container.top()["Processes"])
