"""Host ports: which stack holds which, so that two stacks never choose the same one.

A port is free when no stack of this user claims it, no container on the engine publishes it (a stopped one wants it
back), and nothing listens on it. Claims bridge the time between choosing a port and the container that publishes it,
and the times when a container is being replaced. They are kept in `$MLW_HOME/ports.json`::

    {"<backend id>/<stack>": {"storage": 20417, "registry": 20418}}
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.errors import PortRangeExhaustedError

LOOPBACK = "127.0.0.1"

Claims = dict[str, dict[str, int]]


def home() -> Path:
    """Folder of this user's state: `MLW_HOME`, or its default below the XDG data folder."""
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(os.environ.get("MLW_HOME") or Path(data) / "ml-workspace")


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
    with _claims() as claims:
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
    with _claims() as claims:
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


@contextmanager
def _claims() -> Iterator[Claims]:
    """Read the claims under a lock and write them back, whole or not at all."""
    folder = home()
    (folder / "locks").mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "ports.json"
    with (folder / "locks" / "ports.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        claims: Claims = json.loads(path.read_text()) if path.exists() else {}
        before = json.dumps(claims)
        yield claims
        if json.dumps(claims) != before:
            temporary = path.with_suffix(".tmp")
            temporary.write_text(json.dumps(claims, indent=1, sort_keys=True))
            temporary.replace(path)
