"""Subnets of the stacks' networks: small ones from a separate pool, to save the engine's address pools.

The engine takes a /16 or /20 from its default pools for each network, and runs out after about thirty networks. A
subnet is free if no stack of this user claims it, no stack of anyone has reserved it on the engine, and no network of
the engine or route of this machine overlaps it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, ip_network
from pathlib import Path

from infra.clients.engine.claims import Claims, open_claims

POOL = IPv4Network("10.213.0.0/16")
PREFIX_LENGTH = 27
"""Room for 29 containers in a network, and for 2,048 networks in the pool."""

_ROUTES = Path("/proc/net/route")


def choose(claims: Claims, owner: str, *, taken: Sequence[str]) -> str:
    """Choose a subnet.

    Args:
        claims: Claims of this user's stacks.
        owner: Identity of the stack.
        taken: Subnets of the engine's networks and of other stacks' reservations, in CIDR notation.

    Returns:
        The subnet in CIDR notation; empty if none is free (a route of this machine may cover the whole pool), so that
        the engine chooses one.
    """
    held = [subnet for who, subnet in claims.items() if who != owner]
    blocked = [*_networks([*taken, *held]), *_routes()]
    return next((str(s) for s in _candidates() if not any(s.overlaps(b) for b in blocked)), "")


def release(owner: str) -> None:
    """Release the subnet of an owner; an owner without one is ignored."""
    with open_claims("subnets") as claims:
        claims.pop(owner, None)


def _candidates() -> Iterator[IPv4Network]:
    # Homes see each other's choice only when it is made; a random start makes equal ones unlikely.
    count = 2 ** (PREFIX_LENGTH - POOL.prefixlen)
    start = random.randrange(count)  # noqa: S311 - spreads load, guards nothing
    for offset in range(count):
        first = int(POOL.network_address) + ((start + offset) % count) * 2 ** (32 - PREFIX_LENGTH)
        yield IPv4Network((first, PREFIX_LENGTH))


def _networks(subnets: Sequence[str]) -> Iterator[IPv4Network]:
    for subnet in subnets:
        network = ip_network(subnet, strict=False)
        if isinstance(network, IPv4Network):
            yield network


def _routes() -> Iterator[IPv4Network]:
    """Destinations of this machine's routes except the default route; empty if the system does not list them."""
    if not _ROUTES.exists():
        return
    for line in _ROUTES.read_text().splitlines()[1:]:
        fields = line.split()
        destination, mask = (int.from_bytes(bytes.fromhex(fields[column]), "little") for column in (1, 7))
        if mask:
            yield IPv4Network((destination, mask.bit_count()))
