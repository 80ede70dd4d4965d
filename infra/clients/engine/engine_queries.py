"""Queries of the Docker engine without Docker's SDK, whose import takes longer than all queries of a run.

For reading only. An engine at another address than a local socket is queried through the SDK, which supports TLS and
SSH, and rejects certificates that it cannot use.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import socket
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from infra.clients.engine import docker_engine
from infra.errors import EngineError, EngineUnreachableError
from infra.host.engine_address import SOCKET_PREFIX, address

Query = Callable[[str], Any]
"""Returns the JSON at a path of the engine's API, e.g. `/networks`; None if the engine does not have it."""

_Get = Callable[[str], bytes | None]
"""Returns the content at a path; None if the engine does not have it."""


@contextmanager
def connect() -> Iterator[Query]:
    """Connect to the engine that Docker's own CLI would use.

    Raises:
        EngineUnreachableError: The engine is not running, access is denied, or it does not answer.
        EngineError: It returned an error.
    """
    with _connected() as get:
        yield lambda path: None if (found := get(path)) is None else json.loads(found)


def read_file(container: str, path: str) -> bytes | None:
    """Read one file from a container; None if it does not exist.

    Raises:
        EngineUnreachableError: As in :func:`connect`.
        EngineError: As in :func:`connect`.
    """
    with _connected() as get:
        packed = get(f"/containers/{container}/archive?path={quote(path)}")
    if packed is None:
        return None
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        first = tar.next()  # None while the file is being replaced: the engine then returns an empty archive
        member = tar.extractfile(first) if first else None
        return member.read() if member else None


@contextmanager
def _connected() -> Iterator[_Get]:
    host = address()
    if not host.startswith(SOCKET_PREFIX) or os.environ.get("DOCKER_TLS_VERIFY"):
        with docker_engine.connect() as client:
            yield lambda path: _content(path, *_through_sdk(client, path))
        return
    connection = _SocketConnection(host.removeprefix(SOCKET_PREFIX))
    try:
        about = _content("/version", *_get(connection, "/version")) or b"{}"
        version = f"/v{json.loads(about)['ApiVersion']}"
        yield lambda path: _content(path, *_get(connection, version + path))
    except (OSError, http.client.HTTPException) as exc:
        raise EngineUnreachableError(docker_engine.unreachable(host, exc)) from exc
    finally:
        connection.close()


class _SocketConnection(http.client.HTTPConnection):
    """An HTTP connection to a local socket."""

    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=docker_engine.TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read()


def _through_sdk(client: Any, path: str) -> tuple[int, bytes]:  # noqa: ANN401 - docker.DockerClient; its stubs lack these
    api = client.api
    response = api.get(f"{api.base_url}/v{api.api_version}{path}", timeout=docker_engine.TIMEOUT_SECONDS)
    return response.status_code, response.content


def _content(path: str, status: int, body: bytes) -> bytes | None:
    if status == http.HTTPStatus.NOT_FOUND:
        return None
    if status != http.HTTPStatus.OK:
        reason = body.decode(errors="replace").strip()
        raise EngineError(
            f"querying the Docker engine: GET {path} returned {status} ({reason}). Run the command again."
        )
    return body
