"""A container registry alone: a container with its image, without a stack, with one user."""

import io
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import bcrypt
import pytest
from docker import DockerClient

from infra import service_images
from infra.clients.service_connection import ServiceConnection
from tests.support.probes import probe_until

USER, PASSWORD = "tester", "the-password"

_CONFIGURATION = """
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: /var/lib/registry}, delete: {enabled: true}}
http: {addr: ":5000"}
auth: {htpasswd: {realm: tests, path: /etc/distribution/htpasswd}}
"""


@contextmanager
def running_registry(engine: DockerClient) -> Iterator[ServiceConnection]:
    """Yield a connection whose user may do everything."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    container = engine.containers.create(
        service_images.table()["registry"].image,
        ["serve", "/etc/distribution/config.yml"],
        environment={"OTEL_TRACES_EXPORTER": "none"},
        ports={"5000/tcp": ("127.0.0.1", 0)},
    )
    try:
        files = {"config.yml": _CONFIGURATION, "htpasswd": f"{USER}:{hashed}"}
        container.put_archive("/etc/distribution", _packed(files))
        container.start()
        (published,) = engine.api.port(str(container.id), 5000)
        endpoint = f"http://127.0.0.1:{published['HostPort']}"
        probe_until(lambda: _asks_for_a_password(endpoint), what="a registry that asks for a password")
        yield ServiceConnection(endpoint=endpoint, credentials={"username": USER, "password": PASSWORD})
    finally:
        container.remove(force=True, v=True)


def _asks_for_a_password(endpoint: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{endpoint}/v2/", timeout=5)  # noqa: S310


def _packed(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()
