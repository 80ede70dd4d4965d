"""Talking to the Docker engine from outside the product: by its labels, its files and its raw responses."""

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import docker
from docker.errors import NotFound

from tests.support.inventory import Inventory, take_inventory

STACK_LABEL = "ml-workspace.stack"
RESOURCE_LABEL = "ml-workspace.resource-id"
ID_LABEL = "ml-workspace.id"
MADE_BY_LABEL = "ml-workspace.made-by"


@contextmanager
def open_engine() -> Iterator[docker.DockerClient]:
    """Connect to the engine that DOCKER_HOST names, or to the local one; closed at the end."""
    client = docker.from_env(timeout=60)
    try:
        yield client
    finally:
        client.close()


def objects_with_label(engine: docker.DockerClient, **labels: str) -> Inventory:
    """Return objects with all the given labels; keyword names are the last part of the project's label names.

    What reserves ports is left out: it holds nothing, and is replaced when the ports change.
    """
    return take_inventory(engine, labels=_in_full(labels), reservations=False)


def _in_full(labels: dict[str, str]) -> dict[str, str]:
    return {f"ml-workspace.{key.replace('_', '-')}": value for key, value in labels.items()}


def assert_nothing_left(engine: docker.DockerClient, **labels: str) -> None:
    """Fail if any object has all the given labels."""
    left = take_inventory(engine, labels=_in_full(labels))
    assert not left, f"objects with {labels} are still there: {left}"


def remove_objects(engine: docker.DockerClient, objects: Inventory) -> None:
    """Remove objects permanently: containers first, since they use the other two."""
    for container in objects.containers:
        with suppress(NotFound):
            engine.api.remove_container(container, force=True, v=True)
    for network in objects.networks:
        with suppress(NotFound):
            engine.api.remove_network(network)
    for volume in objects.volumes.values():
        with suppress(NotFound):
            engine.api.remove_volume(volume, force=True)


def container_of(engine: docker.DockerClient, resource_id: str, *, stack: str, role: str) -> str:
    """Return the name of the one container that has a role for a resource."""
    containers = sorted(objects_with_label(engine, stack=stack, resource_id=resource_id).containers.values())
    found = [name for name in containers if name.endswith(f"-{role}")]
    assert len(found) == 1, f"expected one container '-{role}' of {resource_id}, found {containers}"
    return found[0]


def run_in(engine: docker.DockerClient, container: str, script: str) -> str:
    """Run a shell script inside a container, which must succeed; return its output."""
    code, printed = engine.containers.get(container).exec_run(["/bin/sh", "-c", script])
    assert isinstance(printed, bytes)
    assert code == 0, printed
    return printed.decode()


def read_files(engine: docker.DockerClient, container: str, path: str) -> dict[str, bytes]:
    """Return the regular files below a path inside a container, by name, from Docker's archive API."""
    chunks, _ = engine.api.get_archive(container, path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        found = {}
        for member in archive.getmembers():
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                found[member.name] = file.read()
        return found


def everything_inspected(engine: docker.DockerClient, objects: Inventory) -> str:
    """Return everything that the engine shows about objects: inspection, processes, logs."""
    texts = []
    for container in objects.containers:
        texts.append(json.dumps(engine.api.inspect_container(container)))
        texts.append(json.dumps(engine.api.top(container)))
        texts.append(engine.api.logs(container).decode(errors="replace"))
    texts.extend(json.dumps(engine.api.inspect_volume(volume)) for volume in objects.volumes.values())
    texts.extend(json.dumps(engine.api.inspect_network(network)) for network in objects.networks)
    return "\n".join(texts)
