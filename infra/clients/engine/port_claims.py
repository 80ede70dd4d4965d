"""Claims on host ports, so that two stacks never choose the same port.

A port is free if no stack of this user claims it, no stack of anyone has reserved it on the engine, no container on
the engine publishes it (not even a stopped one), and nothing listens on it.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from infra.clients.engine.claims import Claims, open_claims, read_claims
from infra.errors import PortRangeExhaustedError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether nothing listens on a port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Closed connections linger for a minute but do not block the port; only a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose(
    claims: Claims,
    owner: str,
    holders: Mapping[str, str],
    *,
    first: int,
    last: int,
    published: Mapping[int, str],
    reserved: Collection[int],
    kept: Mapping[str, int],
    is_free: Callable[[int], bool] = is_free,
) -> dict[str, int]:
    """Choose one port for each use.

    Args:
        claims: Claims of this user's stacks.
        owner: Identity of the stack.
        holders: Uses of the ports, e.g. ``storage``, with the container that publishes each.
        first: First port that may be chosen.
        last: Last port that may be chosen.
        published: Ports that containers on the engine publish, with the containers' names.
        reserved: Ports that other stacks have reserved on the engine.
        kept: Ports that the owner has or had; each use keeps its port, unless it was released and is in use by others.
        is_free: Whether nothing listens on a port.

    Returns:
        The port of every use.

    Raises:
        PortRangeExhaustedError: There are fewer free ports than uses.
    """
    others = {port for who, ports in claims.items() if who != owner for port in _by_use(ports).values()} | {*reserved}
    own = _by_use(claims.get(owner))

    def is_ours(use: str) -> bool:
        port = kept.get(use)
        if port is None or port == own.get(use):
            return port is not None
        return port not in others and (published[port] == holders[use] if port in published else is_free(port))

    uses = list(holders)
    chosen = {use: kept[use] for use in uses if is_ours(use)}
    taken = {*others, *published, *chosen.values()}
    candidates = (port for port in _shuffled(first, last) if port not in taken and is_free(port))
    for use in uses:
        if use not in chosen:
            port = next(candidates, None)
            if port is None:
                raise PortRangeExhaustedError(_exhausted(uses, first, last, published, others))
            chosen[use] = port
    return chosen


def release(owner: str) -> None:
    """Release all ports of an owner; an owner without claims is ignored."""
    with open_claims("ports") as claims:
        claims.pop(owner, None)


def claimed(owner: str) -> dict[str, int]:
    """Ports that an owner has claimed, by use."""
    return _by_use(read_claims("ports").get(owner))


def _by_use(held: object) -> dict[str, int]:
    """One owner's claims; invalid content of a damaged file is ignored."""
    return {use: port for use, port in held.items() if isinstance(port, int)} if isinstance(held, dict) else {}


def _shuffled(first: int, last: int) -> Iterator[int]:
    # Homes see each other's choice only when it is made; a random start makes equal ones unlikely.
    ports = range(first, last + 1)
    start = random.randrange(len(ports))  # noqa: S311 - spreads load, guards nothing
    return (ports[(start + offset) % len(ports)] for offset in range(len(ports)))


def _exhausted(uses: Sequence[str], first: int, last: int, published: Mapping[int, str], claimed: Iterable[int]) -> str:
    allowed = range(first, last + 1)
    others = sum(port in allowed for port in {*claimed} - {*published})
    held = sorted({container for port, container in published.items() if port in allowed})
    held += [f"{others} claimed by other stacks"] if others else []
    held_by = f" (held by {', '.join(held)})" if held else ""
    return (
        f"choosing ports for {', '.join(uses)}: fewer than {len(uses)} ports of {first}-{last} are free on "
        f"{LOOPBACK}{held_by}. Set 'ml-workspace:portRange' to a wider range, or take another stack down."
    )
