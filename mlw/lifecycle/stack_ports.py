"""The stack's claims of host ports and of a subnet: read, given up, and proven free."""

from __future__ import annotations

from collections.abc import Iterable

from infra.clients.engine import port_claims, subnet_claims
from mlw.lifecycle.stack_context import Context


def claimed(context: Context) -> dict[str, int]:
    """The stack's ports by use; empty when it has none."""
    return port_claims.claimed(context.owner)


def release(context: Context) -> None:
    """Give the stack's ports up, and its subnet."""
    port_claims.release(context.owner)
    subnet_claims.release(context.owner)


def in_use(numbers: Iterable[int]) -> list[int]:
    """Those ports that something listens on."""
    return [port for port in sorted(set(numbers)) if not port_claims.is_free(port)]
