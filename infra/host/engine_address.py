"""The address of the Docker engine, and whether it is reachable.

The engine is the one that Docker's CLI would use: `DOCKER_HOST`, else that of the current context, else the local
socket. Only the CLI supports contexts; other programs get their address (:mod:`infra.host.environment`). A local socket
is queried directly, which takes a millisecond and distinguishes a missing engine from a denied one; any other address
is queried through Docker's CLI, which supports TLS and SSH.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from infra.errors import HostError

LOCAL_SOCKET = "/var/run/docker.sock"
SOCKET_PREFIX = "unix://"
DEFAULT_CONTEXT = "default"
LOCAL_ADDRESSES = frozenset({SOCKET_PREFIX + LOCAL_SOCKET, SOCKET_PREFIX + "/run/docker.sock"})
ANSWER_SECONDS = 10.0


class Health(StrEnum):
    """Result of querying the engine."""

    READY = "ready"
    ABSENT = "absent"
    """Nothing listens at the address."""
    FORBIDDEN = "forbidden"
    """This user may not connect."""
    SILENT = "silent"
    """No valid response."""


@dataclass(frozen=True)
class Answer:
    """Health of an engine, with a short reason."""

    health: Health
    detail: str = ""


def address(given: Mapping[str, str] | None = None) -> str:
    """The engine's address, in the form of `DOCKER_HOST`.

    Args:
        given: The environment; by default that of this process.

    Raises:
        HostError: The selected Docker context cannot be read.
    """
    environ = os.environ if given is None else given
    return environ.get("DOCKER_HOST") or _of_context(environ) or SOCKET_PREFIX + LOCAL_SOCKET


def _of_context(environ: Mapping[str, str]) -> str:
    """Address of the selected context; empty for Docker's default context."""
    folder = Path(environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111 - the user may have no home folder
    name = environ.get("DOCKER_CONTEXT") or _current_context(folder / "config.json")
    if not name or name == DEFAULT_CONTEXT:
        return ""
    about = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    try:
        return str(json.loads(about.read_text())["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, LookupError, TypeError) as exc:
        raise HostError(
            f"looking for a Docker engine: the selected Docker context '{name}' cannot be read from "
            f"'{about}'. Select another one with `docker context use`, unset DOCKER_CONTEXT, or set DOCKER_HOST."
        ) from exc


def _current_context(configuration: Path) -> str:
    try:
        return str(json.loads(configuration.read_text()).get("currentContext") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def is_local_default() -> bool:
    """Whether the engine is at the default address of a local installation."""
    return address() in LOCAL_ADDRESSES


def ask(timeout: float = ANSWER_SECONDS) -> Answer:
    """Query whether the engine is ready."""
    target = address()
    if target.startswith(SOCKET_PREFIX):
        return _ask_socket(target.removeprefix(SOCKET_PREFIX), timeout)
    return _ask_client(timeout)


def _ask_socket(path: str, timeout: float) -> Answer:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(path)
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            status = connection.recv(64).split(b"\r\n")[0]
    except (FileNotFoundError, ConnectionRefusedError):
        return Answer(Health.ABSENT, f"nothing listens at {path}")
    except PermissionError:
        return Answer(Health.FORBIDDEN, f"permission denied at {path}")
    except OSError as exc:
        return Answer(Health.SILENT, f"no answer at {path} ({exc})")
    if b" 200" in status:
        return Answer(Health.READY)
    return Answer(Health.SILENT, f"answer {status.decode(errors='replace')!r} at {path}")


def _ask_client(timeout: float) -> Answer:
    try:
        done = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        return Answer(Health.SILENT, "the command 'docker' is not installed")
    except subprocess.TimeoutExpired:
        return Answer(Health.SILENT, f"no answer within {timeout:.0f} s")
    if done.returncode == 0:
        return Answer(Health.READY)
    return Answer(Health.SILENT, (done.stderr.strip().splitlines() or ["no reason given"])[-1])
