"""The Docker engine as the program needs it beside the Docker provider: what exists, what runs, files in containers.

Creating and removing containers, networks and volumes is the Docker provider's part. Every function raises
:class:`~infra.errors.EngineUnreachableError` with one sentence when the engine does not answer.
"""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.clients.engine.object_users import describe_users
from infra.errors import EngineError, EngineUnreachableError
from infra.host.engine_address import address
from infra.labels import STACK, belongs_to

if TYPE_CHECKING:
    import docker

HOPELESS_RESTARTS = 3
"""So many restarts in a row are no accident of a start; the engine takes two seconds for them."""

TIMEOUT_SECONDS = 30
"""How long one call to the engine may take before the engine counts as hanging."""

REMOVAL_SECONDS = 3600
"""How long removing one object may take: the engine deletes every file of a volume before it answers."""


@dataclass(frozen=True)
class Inventory:
    """What the engine holds, by kind and name, each with its labels."""

    containers: Mapping[str, Mapping[str, str]]
    volumes: Mapping[str, Mapping[str, str]]
    networks: Mapping[str, Mapping[str, str]]
    subnets: Sequence[str]
    """Subnets of all networks, in CIDR notation."""
    images: Mapping[str, str]
    """Image tag to image id."""
    ports: Mapping[int, str] = field(default_factory=dict)
    """Published host port to the name of the container that owns it, stopped containers included."""


@dataclass(frozen=True)
class ContainerState:
    """How a container is doing: enough for an error message and for a decision to give up."""

    status: str
    exit_code: int
    restarts: int
    last_log_lines: str

    @property
    def has_given_up(self) -> bool:
        """Whether waiting any longer is pointless: it has ended, or ends again each time it is started."""
        return self.status in {"exited", "dead"} or (self.status == "restarting" and self.restarts >= HOPELESS_RESTARTS)


_api_versions: dict[str, str] = {}
"""Version that an engine was found to speak, by its address: asked once in a process, not for every client."""


@contextmanager
def connect(*, timeout_seconds: float = TIMEOUT_SECONDS) -> Iterator[docker.DockerClient]:
    """Open a client for the engine that Docker's own client would use.

    Args:
        timeout_seconds: How long one call may take, or a stream between two pieces.

    Raises:
        EngineUnreachableError: The engine is not running, not permitted, or does not answer.
    """
    import docker
    import requests

    host = address()
    try:
        client = docker.DockerClient.from_env(
            version=_api_versions.get(host, "auto"),
            timeout=timeout_seconds,  # type: ignore[arg-type]  # requests takes fractions
            environment={**os.environ, "DOCKER_HOST": host},
        )
        _api_versions[host] = client.api.api_version
    except docker.errors.TLSParameterError as exc:
        raise EngineUnreachableError(
            f"using the Docker engine at '{host}': the certificates that DOCKER_TLS_VERIFY and DOCKER_CERT_PATH ask "
            f"for cannot be used ({' '.join(str(exc).split())}). Set DOCKER_CERT_PATH to them, or unset "
            "DOCKER_TLS_VERIFY."
        ) from exc
    except (docker.errors.DockerException, ValueError) as exc:  # the address may be none at all
        raise EngineUnreachableError(_unreachable(host, exc)) from exc
    try:
        yield client
    except requests.exceptions.ConnectionError as exc:
        raise EngineUnreachableError(_unreachable(host, exc)) from exc
    except requests.exceptions.Timeout as exc:
        raise EngineUnreachableError(_unreachable(host, exc)) from exc
    finally:
        client.close()


def _unreachable(host: str, exc: Exception) -> str:
    if "Permission denied" in str(exc):
        return (
            f"using the Docker engine at '{host}': permission denied. "
            "Add your user to the group 'docker' and log in again, or set DOCKER_HOST to an engine that you may use."
        )
    return (
        f"using the Docker engine at '{host}': it does not answer ({type(exc).__name__}). "
        "Start it with `make setup`, or set DOCKER_HOST to a running engine."
    )


def inventory() -> Inventory:
    """List all containers (stopped ones too), volumes, networks, image tags and published ports of the engine."""
    with connect() as client:
        api = client.api
        containers, networks = api.containers(all=True), api.networks()
        return Inventory(
            containers={n.lstrip("/"): c.get("Labels") or {} for c in containers for n in c["Names"]},
            volumes={v["Name"]: v.get("Labels") or {} for v in api.volumes()["Volumes"] or []},
            networks={n["Name"]: n.get("Labels") or {} for n in networks},
            subnets=[c["Subnet"] for n in networks for c in n["IPAM"].get("Config") or [] if "Subnet" in c],
            images={tag: image["Id"] for image in api.images() for tag in image.get("RepoTags") or []},
            ports=_published_ports(client, [c["Id"] for c in containers]),
        )


def cpus() -> int:
    """CPUs that the engine has."""
    with connect() as client:
        return int(client.api.info()["NCPU"])


def _published_ports(client: docker.DockerClient, container_ids: list[str]) -> dict[int, str]:
    # A stopped container shows its ports only in its host configuration; it wants them back when it starts again.
    import docker

    ports: dict[int, str] = {}
    for container_id in container_ids:
        try:
            details = client.api.inspect_container(container_id)
        except docker.errors.NotFound:
            continue
        for bindings in (details["HostConfig"].get("PortBindings") or {}).values():
            for binding in bindings or []:
                if binding.get("HostPort"):
                    ports[int(binding["HostPort"])] = details["Name"].lstrip("/")
    return ports


def remove_leftovers(stack_id: str) -> list[str]:
    """Remove the stack's own containers and networks; volumes stay, because volumes hold data.

    Returns:
        What was removed, e.g. ``container 'stchurn'``.
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
    """Remove a stack's own volumes with their data; those that are gone, or belong to somebody else, are left alone.

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
                    f"removing volume '{name}': the engine refuses ({exc.explanation or exc})."
                    f"{describe_users(client, 'volume', name)} Then run the command again."
                ) from exc


def container_state(name: str, *, log_lines: int = 30) -> ContainerState | None:
    """Look at one container; None when there is no container of that name."""
    import docker

    with connect() as client:
        try:
            details = client.api.inspect_container(name)
            logs = client.api.logs(name, tail=log_lines, stdout=True, stderr=True)
        except docker.errors.NotFound:
            return None
    return ContainerState(
        status=details["State"]["Status"],
        exit_code=details["State"]["ExitCode"],
        restarts=details.get("RestartCount", 0),
        last_log_lines=logs.decode(errors="replace").strip(),
    )


def start_if_stopped(name: str) -> None:
    """Start a container that was only created or has ended; one that runs, or is gone, is left alone."""
    import docker

    with connect() as client:
        try:
            container = client.containers.get(name)
        except docker.errors.NotFound:
            return
        if container.status in {"created", "exited"}:
            container.start()


def write_files(container: str, folder: str, files: Mapping[str, bytes], *, uid: int, gid: int) -> None:
    """Put files (mode 0400) into a container's folder, which has to be a volume where the root is read-only."""
    with connect() as client:
        client.api.put_archive(container, folder, archive(files, owner=(uid, gid)))


def archive(files: Mapping[str, bytes], *, owner: tuple[int, int], folders: Sequence[str] = ()) -> bytes:
    """Pack files (mode 0400) of an owner, and folders of root's, as the engine takes them."""
    buffer = io.BytesIO()
    # Services take a file for a new one by its time; the engine would set all files' to the beginning of 1970.
    now = time.time()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in folders:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, now
            tar.addfile(entry)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime, (entry.uid, entry.gid) = len(content), 0o400, now, owner
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def read_file(container: str, path: str) -> bytes | None:
    """Fetch one file out of a container; None when the file is not there."""
    import docker

    with connect() as client:
        try:
            chunks, _ = client.api.get_archive(container, path)
        except docker.errors.NotFound:
            return None
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            first = tar.next()  # None while the file is being replaced: the engine then hands out an empty archive
            member = tar.extractfile(first) if first else None
            return member.read() if member else None
