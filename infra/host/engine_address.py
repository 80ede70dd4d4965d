"""Asks a Docker engine whether it is there, and says why not.

The engine is the one that Docker's own client would use: `DOCKER_HOST`, else the current context's, else the local
socket. Contexts are the client's alone: everybody else is given their address (:mod:`infra.host.environment`). A
local socket is asked directly, which takes a millisecond and tells "nobody there" from "you may not"; everything else
goes through Docker's client, which knows TLS and ssh.
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
    """What became of asking the engine."""

    READY = "ready"
    ABSENT = "absent"
    """Nobody listens there."""
    FORBIDDEN = "forbidden"
    """Somebody listens, but not to this user."""
    SILENT = "silent"
    """No proper answer."""


@dataclass(frozen=True)
class Answer:
    """How an engine is, and in few words why."""

    health: Health
    detail: str = ""


def address(given: Mapping[str, str] | None = None) -> str:
    """The engine's address, as Docker's client takes it.

    Args:
        given: The environment to look into; this process's own by default.

    Raises:
        HostError: Docker's client is set to a context that cannot be read.
    """
    environ = os.environ if given is None else given
    return environ.get("DOCKER_HOST") or _of_context(environ) or SOCKET_PREFIX + LOCAL_SOCKET


def _of_context(environ: Mapping[str, str]) -> str:
    """Address of the chosen context; empty where none but Docker's default one is chosen."""
    folder = Path(environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111 - a user may have no home
    name = environ.get("DOCKER_CONTEXT") or _current_context(folder / "config.json")
    if not name or name == DEFAULT_CONTEXT:
        return ""
    about = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    try:
        return str(json.loads(about.read_text())["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, LookupError, TypeError) as exc:
        raise HostError(
            f"looking for a Docker engine: Docker's client is set to the context '{name}', which cannot be read from "
            f"'{about}'. Choose another one by `docker context use`, unset DOCKER_CONTEXT, or set DOCKER_HOST."
        ) from exc


def _current_context(configuration: Path) -> str:
    try:
        return str(json.loads(configuration.read_text()).get("currentContext") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def is_local_default() -> bool:
    """Whether the engine is the one that this machine's packages start."""
    return address() in LOCAL_ADDRESSES


def ask(timeout: float = ANSWER_SECONDS) -> Answer:
    """Ask the engine whether it is ready."""
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
