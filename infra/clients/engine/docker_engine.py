"""Access to the Docker engine beyond the Docker provider: state of containers, files in containers, removals.

The Docker provider creates and removes containers, networks and volumes. Every function raises
:class:`~infra.errors.EngineUnreachableError` if the engine does not answer.
"""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from infra.clients.engine import log_quotes
from infra.clients.engine.object_users import describe_users
from infra.errors import EngineError, EngineUnreachableError
from infra.host.engine_address import SOCKET_PREFIX, address
from infra.labels import STACK, belongs_to

if TYPE_CHECKING:
    import docker

HOPELESS_RESTARTS = 3
"""After this number of restarts in a row a container counts as failed; the engine makes them within two seconds."""

TIMEOUT_SECONDS = 30
"""Timeout of one call to an engine on another machine, which may be gone."""

LOCAL_TIMEOUT_SECONDS = 180
"""Timeout of one call to an engine on this machine.

One that is gone refuses the connection at once; one that removes large volumes, or whose disk is busy, responds late.
"""

REMOVAL_SECONDS = 3600
"""How long removing one object may take: the engine deletes every file of a volume before it responds."""


@dataclass(frozen=True)
class ContainerState:
    """State of a container, for error messages and for the decision to give up."""

    status: str
    exit_code: int
    restarts: int
    last_log_lines: str

    @property
    def has_given_up(self) -> bool:
        """Whether it has exited, or exits again each time it is restarted."""
        return self.status in {"exited", "dead"} or (self.status == "restarting" and self.restarts >= HOPELESS_RESTARTS)


class Connect(Protocol):
    """Opens a client for one engine, as :func:`connect` does."""

    def __call__(self, *, timeout_seconds: float | None = ...) -> AbstractContextManager[docker.DockerClient]:
        """See :func:`connect`."""


_api_versions: dict[str, str] = {}
"""API version of each engine, by address; negotiated once per process, not for every client."""


@contextmanager
def connect(*, timeout_seconds: float | None = None, host: str = "") -> Iterator[docker.DockerClient]:
    """Open a client for the engine that Docker's own CLI would use.

    Args:
        timeout_seconds: Timeout of one call, or between two chunks of a stream; None for that of the engine's place.
        host: Address of another engine, `unix://`; no variable applies to it.

    Raises:
        EngineUnreachableError: The engine is not running, access is denied, or it does not answer.
    """
    import docker
    import requests

    environ = {"DOCKER_HOST": host} if host else {**os.environ, "DOCKER_HOST": address()}
    host = environ["DOCKER_HOST"]
    try:
        client = docker.DockerClient.from_env(
            version=_api_versions.get(host, "auto"),
            timeout=timeout_seconds or timeout_of(host),  # type: ignore[arg-type]  # requests takes fractions
            environment=environ,
        )
        _api_versions[host] = client.api.api_version
    except docker.errors.TLSParameterError as exc:
        raise EngineUnreachableError(
            f"using the Docker engine at '{host}': the certificates that DOCKER_TLS_VERIFY and DOCKER_CERT_PATH ask "
            f"for cannot be used ({' '.join(str(exc).split())}). Set DOCKER_CERT_PATH to them, or unset "
            "DOCKER_TLS_VERIFY."
        ) from exc
    except (docker.errors.DockerException, ValueError) as exc:  # the address may be invalid
        raise EngineUnreachableError(unreachable(host, exc)) from exc
    try:
        yield client
    except requests.exceptions.ConnectionError as exc:
        raise EngineUnreachableError(unreachable(host, exc)) from exc
    except requests.exceptions.Timeout as exc:
        raise EngineUnreachableError(unreachable(host, exc)) from exc
    except (requests.exceptions.JSONDecodeError, requests.exceptions.ChunkedEncodingError) as exc:
        raise EngineUnreachableError(
            f"using the Docker engine at '{host}': its response is incomplete ({exc}). Run the command again; if this "
            "stays so, the engine's own log says why."
        ) from exc
    finally:
        client.close()


def timeout_of(host: str) -> float:
    """Timeout of one call to the engine at an address, in seconds."""
    return LOCAL_TIMEOUT_SECONDS if host.startswith(SOCKET_PREFIX) else TIMEOUT_SECONDS


def unreachable(host: str, exc: Exception) -> str:
    """The message for an engine that does not answer."""
    if isinstance(exc, TimeoutError) or "timed out" in str(exc):
        return (
            f"using the Docker engine at '{host}': it does not answer in time. It may be busy, e.g. with "
            "the removal of large volumes. Run the command again; if this stays so, the engine's own log says why."
        )
    if "Permission denied" in str(exc):
        return (
            f"using the Docker engine at '{host}': permission denied. "
            "Add your user to the group 'docker' and log in again, or set DOCKER_HOST to an engine that you may use."
        )
    return (
        f"using the Docker engine at '{host}': it does not answer ({type(exc).__name__}). "
        "Start it with `make setup`, or set DOCKER_HOST to a running engine."
    )


def cpus() -> int:
    """Number of CPUs of the engine."""
    with connect() as client:
        return int(client.api.info()["NCPU"])


def memory_mib() -> int:
    """Memory of the engine's machine, in MiB."""
    with connect() as client:
        return int(client.api.info()["MemTotal"]) >> 20


def remove_leftovers(stack_id: str) -> list[str]:
    """Remove the stack's containers and networks; volumes are kept, because they hold data.

    Returns:
        The removed objects, e.g. ``container 'stchurn'``.
    """
    ours: dict[str, str | list[str] | bool] = {"label": [STACK]}
    removed = []
    with connect(timeout_seconds=REMOVAL_SECONDS) as client:
        for container in client.containers.list(all=True, filters=ours, ignore_removed=True):
            if belongs_to(container.labels, stack_id):
                container.remove(force=True, v=True)
                removed.append(f"container '{container.name}'")
        for network in client.networks.list(filters=ours):
            if belongs_to(network.attrs.get("Labels") or {}, stack_id):
                network.remove()
                removed.append(f"network '{network.name}'")
    return removed


def remove_volumes(names: Sequence[str], stack_id: str) -> None:
    """Remove a stack's volumes with their data; missing and foreign volumes are ignored.

    Raises:
        EngineError: A container still uses one of them.
    """
    import docker

    with connect(timeout_seconds=REMOVAL_SECONDS) as client:
        for name in names:
            try:
                if belongs_to(client.api.inspect_volume(name).get("Labels") or {}, stack_id):
                    client.api.remove_volume(name)
            except docker.errors.NotFound:
                continue
            except docker.errors.APIError as exc:
                raise EngineError(
                    f"removing volume '{name}': the engine returned an error ({exc.explanation or exc})."
                    f"{describe_users(client, 'volume', name)} Then run the command again."
                ) from exc


def container_state(name: str, *, log_lines: int = 30) -> ContainerState | None:
    """State of a container; None if it does not exist."""
    import docker

    with connect() as client:
        try:
            details = client.api.inspect_container(name)
            logs = client.api.logs(name, tail=log_lines * log_quotes.FRAMES, stdout=True, stderr=True)
        except docker.errors.NotFound:
            return None
    return ContainerState(
        status=details["State"]["Status"],
        exit_code=details["State"]["ExitCode"],
        restarts=details.get("RestartCount", 0),
        last_log_lines=log_quotes.last_lines(logs, log_lines),
    )


def start_if_stopped(name: str) -> None:
    """Start a container that was only created or has exited; a running or missing container is ignored."""
    import docker

    with connect() as client:
        try:
            container = client.containers.get(name)
        except docker.errors.NotFound:
            return
        if container.status in {"created", "exited"}:
            container.start()


def make_running(name: str, verb: str) -> None:
    """Start, unpause or restart a container.

    Args:
        name: The container.
        verb: `start`, `unpause` or `restart`.

    Raises:
        EngineError: The engine refuses; it says why.
    """
    import docker

    with connect() as client:
        try:
            getattr(client.api, verb)(name)
        except docker.errors.APIError as exc:
            raise EngineError(
                f"running `docker {verb} {name}`: the engine returned '{exc.explanation}'. `docker ps -a` shows the "
                "container."
            ) from exc


def write_files(container: str, folder: str, files: Mapping[str, bytes], *, uid: int, gid: int) -> None:
    """Write files (mode 0400) to a container's folder, which must be on a volume if the root is read-only."""
    with connect() as client:
        client.api.put_archive(container, folder, archive(files, owner=(uid, gid)))


def archive(files: Mapping[str, bytes], *, owner: tuple[int, int], folders: Sequence[str] = ()) -> bytes:
    """Pack files (mode 0400) of an owner, and folders owned by root, as a tar for the engine."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        pack(tar, files, owner=owner, folders=folders)
    return buffer.getvalue()


def pack(tar: tarfile.TarFile, files: Mapping[str, bytes], *, owner: tuple[int, int], folders: Sequence[str]) -> None:
    """Add files and folders to a tar, as :func:`archive` does."""
    # Services detect changed files by their modification time; by default all would be set to 1970.
    now = time.time()
    for name in folders:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, now
        tar.addfile(entry)
    for name, content in files.items():
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime, (entry.uid, entry.gid) = len(content), 0o400, now, owner
        tar.addfile(entry, io.BytesIO(content))


def read_file(container: str, path: str) -> bytes | None:
    """Read one file from a container; None if it does not exist."""
    import docker

    with connect() as client:
        try:
            chunks, _ = client.api.get_archive(container, path)
        except docker.errors.NotFound:
            return None
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            first = tar.next()  # None while the file is being replaced: the engine then returns an empty archive
            member = tar.extractfile(first) if first else None
            return member.read() if member else None
