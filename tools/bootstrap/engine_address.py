"""Asks a Docker engine whether it is there, and says why not.

The engine is the one that Docker's own client would use: `DOCKER_HOST`, else the local socket. A local socket is asked
directly, which takes a millisecond and tells "nobody there" from "you may not"; everything else goes through Docker's
client, which knows TLS and ssh.
"""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import dataclass
from enum import StrEnum

LOCAL_SOCKET = "/var/run/docker.sock"
SOCKET_PREFIX = "unix://"
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


def address() -> str:
    """The engine's address, as Docker's client takes it."""
    return os.environ.get("DOCKER_HOST") or SOCKET_PREFIX + LOCAL_SOCKET


def is_local_default() -> bool:
    """Whether the engine is the one that this machine's packages start."""
    return address() in {SOCKET_PREFIX + LOCAL_SOCKET, SOCKET_PREFIX + "/run/docker.sock"}


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
