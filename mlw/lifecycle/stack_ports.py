"""The stack's claims of host ports and of a subnet: read, given up, and proven free."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable

from infra.clients.engine import port_claims, subnet_claims
from mlw.lifecycle.stack_context import Context


def claimed(context: Context) -> dict[str, int]:
    """The stack's ports by use; empty when it has none or the file cannot be read."""
    try:
        claims = json.loads((context.home / "ports.json").read_text())
        return {str(use): int(port) for use, port in claims.get(context.owner, {}).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def release(context: Context) -> None:
    """Give the stack's ports up, and its subnet."""
    port_claims.release(context.owner)
    subnet_claims.release(context.owner)


def in_use(numbers: Iterable[int]) -> list[int]:
    """Those ports that something listens on."""
    return [port for port in sorted(set(numbers)) if not _is_free(port)]


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections that have ended linger for a minute and take nothing from anybody; only a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port_claims.LOOPBACK, port))
        except OSError:
            return False
    return True
