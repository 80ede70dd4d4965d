"""The stack's claims of host ports and of a subnet."""

from __future__ import annotations

from collections.abc import Iterable

from infra.clients.engine import port_claims, reservation


def claimed(stack_id: str | None) -> dict[str, int]:
    """The stack's ports by use; empty when it has none."""
    return port_claims.claimed(stack_id) if stack_id else {}


def release(stack_id: str | None) -> None:
    """Release the stack's ports and its subnet in this home; its reservation is one of its objects on the engine."""
    if stack_id:
        reservation.release_claims(stack_id)


def in_use(numbers: Iterable[int]) -> list[int]:
    """The ports that something listens on."""
    return [port for port in sorted(set(numbers)) if not port_claims.is_free(port)]
