"""Queries of the Docker engine without Docker's SDK, whose import takes longer than all queries of a run.

Besides reading, only empty volumes are created and removed, which mark something. An engine at another address than a
local socket is reached through the SDK, which supports TLS and SSH, and rejects certificates that it cannot use.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import socket
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import quote

from infra.clients.engine import docker_engine
from infra.errors import EngineError, EngineUnreachableError
from infra.host.engine_address import SOCKET_PREFIX, address

Query = Callable[[str], Any]
"""Returns the JSON at a path of the engine's API, e.g. `/networks`; None if the engine does not have it."""


class _Call(Protocol):
    """Returns the content of a response; None if the engine does not have the path."""

    def __call__(self, path: str, /, method: str = ..., body: Mapping[str, Any] | None = ...) -> bytes | None:
        """Send a request."""


@contextmanager
def connect() -> Iterator[Query]:
    """Connect to the engine that Docker's own CLI would use.

    Raises:
        EngineUnreachableError: The engine is not running, access is denied, or it does not answer.
        EngineError: It returned an error.
    """
    with _connected() as call:
        yield lambda path: None if (found := call(path)) is None else json.loads(found)


def create_volume(name: str, labels: Mapping[str, str]) -> None:
    """Create an empty volume.

    Raises:
        EngineUnreachableError: As in :func:`connect`.
        EngineError: As in :func:`connect`.
    """
    with _connected() as call:
        call("/volumes/create", "POST", {"Name": name, "Labels": dict(labels)})


def remove_volume(name: str) -> None:
    """Remove a volume; a missing one is ignored.

    Raises:
        EngineUnreachableError: As in :func:`connect`.
        EngineError: As in :func:`connect`.
    """
    with _connected() as call:
        call(f"/volumes/{quote(name)}", "DELETE")


def read_file(container: str, path: str) -> bytes | None:
    """Read one file from a container; None if it does not exist.

    Raises:
        EngineUnreachableError: As in :func:`connect`.
        EngineError: As in :func:`connect`.
    """
    with _connected() as call:
        packed = call(f"/containers/{container}/archive?path={quote(path)}")
    if packed is None:
        return None
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        first = tar.next()  # None while the file is being replaced: the engine then returns an empty archive
        member = tar.extractfile(first) if first else None
        return member.read() if member else None


@contextmanager
def _connected() -> Iterator[_Call]:
    host = address()
    if not host.startswith(SOCKET_PREFIX) or os.environ.get("DOCKER_TLS_VERIFY"):
        with docker_engine.connect() as client:
            yield lambda path, method="GET", body=None: _content(
                method, path, *_through_sdk(client, method, path, body)
            )
        return
    connection = _SocketConnection(host.removeprefix(SOCKET_PREFIX))
    try:
        about = _content("GET", "/version", *_send(connection, "GET", "/version", None)) or b"{}"
        version = f"/v{json.loads(about)['ApiVersion']}"
        yield lambda path, method="GET", body=None: _content(
            method, path, *_send(connection, method, version + path, body)
        )
    except (OSError, http.client.HTTPException) as exc:
        raise EngineUnreachableError(docker_engine.unreachable(host, exc)) from exc
    finally:
        connection.close()


class _SocketConnection(http.client.HTTPConnection):
    """An HTTP connection to a local socket."""

    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=docker_engine.LOCAL_TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _send(
    connection: http.client.HTTPConnection, method: str, path: str, body: Mapping[str, Any] | None
) -> tuple[int, bytes]:
    if body is None:
        connection.request(method, path)
    else:
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response.status, response.read()


def _through_sdk(
    client: Any,  # noqa: ANN401 - docker.DockerClient; its stubs lack these
    method: str,
    path: str,
    body: Mapping[str, Any] | None,
) -> tuple[int, bytes]:
    api = client.api
    url = f"{api.base_url}/v{api.api_version}{path}"
    response = api.request(method, url, json=body, timeout=docker_engine.TIMEOUT_SECONDS)
    return response.status_code, response.content


def _content(method: str, path: str, status: int, body: bytes) -> bytes | None:
    if status == http.HTTPStatus.NOT_FOUND:
        return None
    if status not in {http.HTTPStatus.OK, http.HTTPStatus.CREATED, http.HTTPStatus.NO_CONTENT}:
        reason = body.decode(errors="replace").strip()
        raise EngineError(
            f"querying the Docker engine: {method} {path} returned {status} ({reason}). Run the command again."
        )
    return body
