"""The start script of a container registry, in a container of its own: a collection ends, however short it is."""

import uuid
from collections.abc import Iterator

import pytest
from docker import DockerClient
from docker.models.containers import Container

from infra import images
from infra.clients import registry_garbage, volumes
from infra.components.assets import asset
from infra.components.container_registry import PULL_USERS, PUSH_USERS, REGISTRIES, ContainerRegistry, config

ROUNDS = 5
"""What depends on who is faster shows sometimes."""

SECONDS = 20.0


@pytest.fixture(scope="module")
def registry(engine: DockerClient) -> Iterator[Container]:
    """A registry that nothing has been pushed to, so that a collection is over at once."""
    image, name = images.table()["registry"], f"t{uuid.uuid4().hex[:8]}-registry"
    made = [engine.volumes.create(f"{name}-{part}") for part in ContainerRegistry.volumes]
    volumes.write(
        f"{name}-config",
        {
            "start.sh": asset("registry-start.sh").encode(),
            "collect.sh": asset("registry-collect.sh").encode(),
            **{file: config("secret", one).encode() for file, one in REGISTRIES.items()},
        },
        {PULL_USERS: b"", PUSH_USERS: b""},
        carrier=volumes.Carrier(image=image.image, labels={}),
        owner=_owner(),
    )
    container = engine.containers.run(
        image.image,
        ["/etc/distribution/start.sh"],
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
    uid, _, gid = images.table()["registry"].user.partition(":")
    return int(uid), int(gid)


@pytest.mark.parametrize("_round", range(1, ROUNDS + 1), ids=lambda number: f"time {number}")
def test_a_collection_that_has_nothing_to_do_ends(registry: Container, _round: int) -> None:
    freed = registry_garbage.collect(str(registry.name), user=_owner(), untagged=False, seconds=SECONDS)

    assert freed == registry_garbage.Freed(blobs=0, size=0)
