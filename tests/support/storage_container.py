"""A storage account alone: a container with its image, without a stack."""

import socket
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from docker import DockerClient
from docker.types import Mount

from infra import service_images
from tests.support.probes import probe_until

ROOT, SECRET = "the-root-user", "s" * 40


@contextmanager
def running_storage(engine: DockerClient) -> Iterator[str]:
    """Yield the endpoint of an account that can be written to with the keys above."""
    image, name = service_images.table()["minio"], f"t{uuid.uuid4().hex[:8]}-storage"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    volume = engine.volumes.create(name)
    container = engine.containers.run(
        image.image,
        ["server", "--quiet", "/data1"],
        entrypoint=[image.binary],
        user=image.user,
        name=name,
        detach=True,
        mounts=[Mount("/data1", name)],
        ports={"9000/tcp": ("127.0.0.1", int(endpoint.rpartition(":")[2]))},
        environment={"MINIO_ROOT_USER": ROOT, "MINIO_ROOT_PASSWORD": SECRET},
    )
    try:
        probe_until(
            lambda: urllib.request.urlopen(f"{endpoint}/minio/health/cluster", timeout=2).close(),  # noqa: S310
            what="an account that can be written to",
            timeout_seconds=60,
        )
        yield endpoint
    finally:
        container.remove(force=True)
        volume.remove(force=True)
