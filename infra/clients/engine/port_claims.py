"""Host ports: which stack holds which, so that two stacks never choose the same one.

A port is free when no stack of this user claims it, no container on the engine publishes it (a stopped one wants it
back), and nothing listens on it.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator, Mapping, Sequence

from infra.clients.engine.claims import open_claims
from infra.errors import PortRangeExhaustedError

LOOPBACK = "127.0.0.1"


def claim(
    owner: str, uses: Sequence[str], *, first: int, last: int, published: Mapping[int, str], kept: Mapping[str, int]
) -> dict[str, int]:
    """Claim one port for each use.

    Args:
        owner: ``<backend id>/<stack>``.
        uses: Names of the ports, e.g. ``storage``.
        first: First port that may be chosen.
        last: Last port that may be chosen.
        published: Ports that containers on the engine publish, with the containers' names.
        kept: Ports that the owner has already; a use that is in here keeps its port.

    Returns:
        The port of every use.

    Raises:
        PortRangeExhaustedError: Fewer free ports than uses; nothing is claimed.
    """
    with open_claims("ports") as claims:
        others = {port: who for who, ports in claims.items() if who != owner for port in ports.values()}
        chosen = {use: kept[use] for use in uses if use in kept}
        candidates = _free_ports(first, last, taken={*others, *published, *chosen.values()})
        for use in uses:
            if use not in chosen:
                port = next(candidates, None)
                if port is None:
                    raise PortRangeExhaustedError(_exhausted(owner, uses, first, last, {**published, **others}))
                chosen[use] = port
        claims[owner] = chosen
    return chosen


def release(owner: str) -> None:
    """Give up all ports of an owner; an owner without claims is fine."""
    with open_claims("ports") as claims:
        claims.pop(owner, None)


def _free_ports(first: int, last: int, *, taken: set[int]) -> Iterator[int]:
    # A random start keeps users of one machine, who do not see each other's claims, out of each other's way.
    ports = range(first, last + 1)
    start = random.randrange(len(ports))  # noqa: S311 - spreads load, guards nothing
    for offset in range(len(ports)):
        port = ports[(start + offset) % len(ports)]
        if port not in taken and _can_bind(port):
            yield port


def _can_bind(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _exhausted(owner: str, uses: Sequence[str], first: int, last: int, known: Mapping[int, str]) -> str:
    holders = sorted({who for port, who in known.items() if first <= port <= last})
    held_by = f" (held by {', '.join(holders)})" if holders else ""
    return (
        f"choosing ports for stack '{owner.partition('/')[2]}': fewer than {len(uses)} ports of {first}-{last} are "
        f"free on {LOOPBACK}{held_by}. Set 'ml-workspace:portRange' to a wider range, or take another stack down."
    )
