"""Addresses of attached Docker engines, in the form of `DOCKER_HOST`: `ssh://` and `unix://`."""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_SOCKET = "/var/run/docker.sock"

# Names must not begin with a hyphen: they are arguments of `ssh`.
_SSH = re.compile(
    r"ssh://(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:]+\])"
    r"(?::(?P<port>\d{1,5}))?(?P<socket>/[A-Za-z0-9._/-]+)?/?",
    re.ASCII,
)
_UNIX = re.compile(r"unix://(?P<socket>/[^\s:]+)")
_MOST_PORTS = 65535


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """Where an engine is.

    Attributes:
        text: As it was given.
        socket: The engine's socket, on its own machine.
        host: That machine; empty for this one.
        user: Who logs in there; empty for OpenSSH's choice.
        port: Of the SSH server; empty for OpenSSH's choice.
    """

    text: str
    socket: str
    host: str = ""
    user: str = ""
    port: str = ""


def parse(text: str) -> EngineAddress:
    """Read an address.

    Raises:
        ValueError: It is none; says what is wrong.
    """
    if found := _UNIX.fullmatch(text):
        return EngineAddress(text, found["socket"])
    if found := _SSH.fullmatch(text):
        if found["port"] and not 0 < int(found["port"]) <= _MOST_PORTS:
            raise ValueError(f"port {found['port']} is out of range")
        host = found["host"].strip("[]")
        return EngineAddress(text, found["socket"] or DEFAULT_SOCKET, host, found["user"] or "", found["port"] or "")
    raise ValueError(_reason(text))


def _reason(text: str) -> str:
    scheme = text.partition("://")[0].lower() if "://" in text else ""
    if scheme in {"tcp", "http", "https"}:
        return (
            "jobs need the workspace's services, which listen on 127.0.0.1 of this machine only: SSH forwards them to "
            f"the engine's machine, and {scheme.upper()} cannot"
        )
    if text.startswith("/subscriptions/"):
        return "it is the resource id of a machine in Azure, which has no address here"
    if scheme == "ssh" and ":" in text.removeprefix("ssh://").partition("@")[0] and "@" in text:
        return "it has a password; logins use a key"
    return "not the address of an engine"
