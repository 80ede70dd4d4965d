"""Files of new volumes on the real engine: several volumes are written through one container."""

import io
import tarfile
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from docker import DockerClient

from infra import service_images
from infra.clients.engine import volume_writer
from infra.clients.engine.engine_inventory import Inventory, inventory

IMAGE = service_images.table()["registry"].image
OWNERS = {"a": (1001, 1002), "b": (1003, 1004), "c": (1005, 1006)}


@pytest.fixture
def names(engine: DockerClient) -> Iterator[dict[str, str]]:
    """New volumes."""
    marker = f"t{uuid.uuid4().hex[:8]}"
    found = {name: f"{marker}-{name}" for name in OWNERS}
    for name in found.values():
        engine.volumes.create(name)
    yield found
    for name in found.values():
        engine.volumes.get(name).remove(force=True)


def members(engine: DockerClient, volume: str) -> dict[str, tuple[int, int, int, bytes]]:
    """Mode, owner, group and content of everything on a volume."""
    made = engine.containers.create(IMAGE, "-", volumes={volume: {"bind": "/v", "mode": "ro"}})
    try:
        chunks, _ = made.get_archive("/v/.")
    finally:
        made.remove(v=True, force=True)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        return {
            one.name.removeprefix("./"): (
                one.mode & 0o7777,
                one.uid,
                one.gid,
                (file.read() if (file := tar.extractfile(one)) else b""),
            )
            for one in tar.getmembers()
        }


def labelled(found: Inventory, label: str) -> list[str]:
    return [name for name, labels in found.containers.items() if label in labels]


def test_volumes_that_are_written_at_the_same_time_get_their_own_files(
    engine: DockerClient, names: dict[str, str]
) -> None:
    label = f"test.{uuid.uuid4().hex}"
    carrier = volume_writer.Carrier(image=IMAGE, labels={label: ""})

    def write(name: str) -> None:
        files, live = {"config": f"of {name}".encode()}, {"users": f"live of {name}".encode()}
        volume_writer.write(names[name], files, live, carrier=carrier, owner=OWNERS[name])

    with ThreadPoolExecutor(len(OWNERS)) as pool:
        list(pool.map(write, OWNERS))

    for name, (uid, gid) in OWNERS.items():
        found = members(engine, names[name])
        assert found["config"] == (0o400, uid, gid, f"of {name}".encode())
        assert found["live/users"] == (0o400, uid, gid, f"live of {name}".encode())
        assert found["live"][:3] == (0o755, 0, 0)
        assert found["."][:3] == (0o755, 0, 0)
    assert labelled(inventory(), label) == []
