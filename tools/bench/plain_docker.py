"""Start the same containers with plain `docker` commands in parallel, as a baseline.

A :class:`Recipe` is read from a running workspace: image, command, mounts, ports, limits and hardening of each
container, and the content of its configuration volume. It is then started with new names on new, empty volumes, and
counts as ready when every published port responds, as for the workspace.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from infra.clients.engine.docker_engine import connect
from mlw.lifecycle.lifecycle_errors import OperationFailedError
from mlw.lifecycle.object_comparison import EngineObject

COMMAND_TIMEOUT_SECONDS = 60
READY_TIMEOUT_SECONDS = 60
POLL_SECONDS = 0.05
PROBE_SECONDS = 2.0
CONFIGURATION = "-config"
"""Suffix of the volumes with files that a service needs to start."""


@dataclass(frozen=True)
class Recipe:
    """One container, to be created again with another name."""

    name: str
    create: tuple[str, ...]
    """Arguments of `docker create`, including the name."""

    volumes: tuple[str, ...]
    ports: tuple[int, ...]
    files: Mapping[str, bytes]
    """Folder in the container to a tar archive of its content."""


def create_arguments(details: Mapping[str, Any], *, prefix: str) -> list[str]:
    """Convert the output of `docker inspect` to arguments of `docker create`.

    Args:
        details: The inspection.
        prefix: Prefix for the names of container, network and volumes.
    """
    host, config = details["HostConfig"], details["Config"]
    arguments = [f"--name={prefix}{details['Name'].lstrip('/')}", f"--network={prefix}net"]
    arguments += [f"--volume={prefix}{m['Name']}:{m['Destination']}" for m in details["Mounts"] if m.get("Name")]
    arguments += [f"--publish={port}" for port in published(host)]
    arguments += [f"--env={variable}" for variable in config.get("Env") or []]
    arguments += [f"--tmpfs={path}:{options}" for path, options in (host.get("Tmpfs") or {}).items()]
    arguments += [f"--cap-drop={name}" for name in host.get("CapDrop") or []]
    arguments += [f"--security-opt={option}" for option in host.get("SecurityOpt") or []]
    if host.get("ReadonlyRootfs"):
        arguments.append("--read-only")
    if config.get("User"):
        arguments.append(f"--user={config['User']}")
    if host.get("Memory"):
        arguments.append(f"--memory={host['Memory']}")
    program = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
    if program:
        arguments.append(f"--entrypoint={program[0]}")
    return [*arguments, details["Image"], *program[1:]]


def published(host_config: Mapping[str, Any]) -> list[str]:
    """Published ports in the form of `docker create --publish`."""
    bindings = host_config.get("PortBindings") or {}
    return [f"{b['HostIp']}:{b['HostPort']}:{inner.partition('/')[0]}" for inner, bs in bindings.items() for b in bs]


def take_recipes(containers: Iterable[EngineObject], *, prefix: str) -> list[Recipe]:
    """Read the recipes of running containers."""
    recipes = []
    with connect() as client:
        for container in containers:
            details = client.api.inspect_container(container.id)
            mounts = [m for m in details["Mounts"] if m.get("Name")]
            files = {}
            for mount in (m for m in mounts if m["Name"].endswith(CONFIGURATION)):
                chunks, _ = client.api.get_archive(container.id, f"{mount['Destination']}/.")
                files[mount["Destination"]] = b"".join(chunks)
            recipes.append(
                Recipe(
                    name=f"{prefix}{container.name}",
                    create=tuple(create_arguments(details, prefix=prefix)),
                    volumes=tuple(f"{prefix}{mount['Name']}" for mount in mounts),
                    ports=tuple(int(port.split(":")[1]) for port in published(details["HostConfig"])),
                    files=files,
                )
            )
    return recipes


def start(recipes: Sequence[Recipe], *, prefix: str, identity: Mapping[str, str]) -> float:
    """Create network, volumes and containers, and wait until every port responds.

    Args:
        recipes: The containers.
        prefix: The prefix of the recipes.
        identity: Labels of all created objects.

    Returns:
        Duration in seconds.
    """
    began = time.monotonic()
    marks = [f"--label={key}={value}" for key, value in identity.items()]
    volumes = [volume for recipe in recipes for volume in recipe.volumes]
    with ThreadPoolExecutor(max_workers=16) as pool:
        _all(
            pool,
            [lambda: docker("network", "create", *marks, f"{prefix}net")],
            [_making_volume(volume, marks) for volume in volumes],
        )
        _all(pool, [_starting(recipe, marks) for recipe in recipes])
        _all(pool, [_waiting(port) for recipe in recipes for port in recipe.ports])
    return time.monotonic() - began


def stop(recipes: Sequence[Recipe], *, prefix: str) -> float:
    """Stop the containers gracefully, and remove everything.

    Returns:
        Duration in seconds.
    """
    began = time.monotonic()
    volumes = [volume for recipe in recipes for volume in recipe.volumes]
    with ThreadPoolExecutor(max_workers=16) as pool:
        _all(pool, [_stopping(recipe) for recipe in recipes])
        _all(pool, [lambda: docker("network", "rm", f"{prefix}net"), lambda: docker("volume", "rm", *volumes)])
    return time.monotonic() - began


def _all(pool: ThreadPoolExecutor, *groups: Sequence[Callable[[], None]]) -> None:
    for future in [pool.submit(action) for group in groups for action in group]:
        future.result()


def _making_volume(name: str, marks: Sequence[str]) -> Callable[[], None]:
    return lambda: docker("volume", "create", *marks, name)


def _starting(recipe: Recipe, marks: Sequence[str]) -> Callable[[], None]:
    def action() -> None:
        docker("create", *marks, *recipe.create)
        for folder, archive in recipe.files.items():
            docker("cp", "-", f"{recipe.name}:{folder}", stdin=archive)
        docker("start", recipe.name)

    return action


def _stopping(recipe: Recipe) -> Callable[[], None]:
    def action() -> None:
        docker("stop", "--time=30", recipe.name)
        docker("rm", "--volumes", recipe.name)

    return action


def _waiting(port: int) -> Callable[[], None]:
    return lambda: wait_for_answer(port, timeout_seconds=READY_TIMEOUT_SECONDS)


def wait_for_answer(port: int, *, timeout_seconds: float) -> None:
    """Wait until the service behind a port responds; the engine's proxy accepts connections long before.

    A response is a byte, or a handshake if the service supports only TLS.

    Raises:
        OperationFailedError: It did not respond in time.
    """
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        for probe in (_answers, _shakes_hands):
            with suppress(OSError):
                if probe(port):
                    return
        time.sleep(POLL_SECONDS)
    raise OperationFailedError(
        f"measuring plain docker: nothing answered on port {port} within {timeout_seconds:.0f} s. Run it again."
    )


def _answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=PROBE_SECONDS) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return bool(connection.recv(1))


def _shakes_hands(port: int) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # No data is sent, so the server need not be verified.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=PROBE_SECONDS) as connection:
        context.wrap_socket(connection).close()
    return True


def docker(*arguments: str, stdin: bytes | None = None) -> None:
    """Run one docker command.

    Raises:
        OperationFailedError: It failed; the message contains its output.
    """
    done = subprocess.run(
        ["docker", *arguments], input=stdin, capture_output=True, check=False, timeout=COMMAND_TIMEOUT_SECONDS
    )
    if done.returncode != 0:
        raise OperationFailedError(
            f"running 'docker {' '.join(arguments[:2])}': {done.stderr.decode(errors='replace').strip()}"
        )
