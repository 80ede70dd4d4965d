"""Marks of reservations: the ports and the subnet of a stack, in a label of an empty volume on the engine.

Homes with different claims share nothing but the engine, so a stack reserves there. The engine has no lock that ends
with its holder; therefore a mark is placed first and checked then. Whoever places a mark lists all marks afterwards. Of
two stacks that choose the same, the one that lists last sees the other one's mark: that one, or both, remove their mark
and choose again. A mark stays until its stack is removed. One that a killed run has left carries the identity of its
stack, which alone replaces or removes it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from urllib.parse import quote

from infra import labels
from infra.clients.engine import engine_queries

_FILTERED = f"/volumes?filters={quote(json.dumps({'label': [labels.RESERVATION]}))}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """One reservation.

    Attributes:
        name: Name of the volume.
        stack_id: Identity of the stack.
        subnet: In CIDR notation; empty if the engine chooses it.
    """

    name: str
    stack_id: str
    ports: frozenset[int]
    subnet: str

    def meets(self, other: Mark) -> bool:
        """Whether both reserve the same port, or subnets that overlap."""
        if self.ports & other.ports:
            return True
        return bool(self.subnet and other.subnet) and ip_network(self.subnet).overlaps(ip_network(other.subnet))


def new_name(prefix: str) -> str:
    """A name of a volume that no other reservation has."""
    return f"{prefix}-reservation-{secrets.token_hex(4)}"


def read(volumes: Mapping[str, Mapping[str, str]]) -> list[Mark]:
    """The marks among volumes, by their labels; one that cannot be read reserves nothing."""
    return [
        Mark(name=name, stack_id=labels.identity_of(found), ports=ports, subnet=subnet)
        for name, found in volumes.items()
        if labels.RESERVATION in found
        for ports, subnet in (_parsed(found[labels.RESERVATION]),)
    ]


def list_all() -> list[Mark]:
    """All marks on the engine."""
    with engine_queries.connect() as query:
        return read({one["Name"]: one.get("Labels") or {} for one in query(_FILTERED)["Volumes"] or []})


def place(mark: Mark, own: Mapping[str, str]) -> None:
    """Place a mark; `own` are the other labels of its volume."""
    engine_queries.create_volume(mark.name, labelled(mark, own))


def labelled(mark: Mark, own: Mapping[str, str]) -> dict[str, str]:
    """All labels of the volume of a mark."""
    text = json.dumps({"ports": sorted(mark.ports), "subnet": mark.subnet})
    return {**own, labels.ID: mark.stack_id, labels.RESERVATION: text}


def remove(marks: Iterable[Mark]) -> None:
    """Remove marks; missing ones are ignored."""
    for mark in marks:
        engine_queries.remove_volume(mark.name)


def _parsed(text: str) -> tuple[frozenset[int], str]:
    try:
        found = json.loads(text)
        return frozenset(int(port) for port in found["ports"]), str(found["subnet"] and ip_network(found["subnet"]))
    except (ValueError, LookupError, TypeError):
        return frozenset(), ""
