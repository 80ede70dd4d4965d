"""Ports and a subnet of a stack, claimed in this user's home and reserved on the engine, where other homes see it.

The claims of the home come first: its stacks wait for each other. Against other homes a choice holds only when a mark
on the engine says so and meets no other one (:mod:`infra.clients.engine.reservation_marks`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from infra import labels
from infra.clients.engine import port_claims, reservation_marks, subnet_claims
from infra.clients.engine.claims import Claims, open_claims
from infra.clients.engine.engine_inventory import Inventory
from infra.clients.engine.reservation_marks import Mark
from infra.errors import EngineError, PortRangeExhaustedError

ATTEMPTS = 12
"""After so many choices that met another one, something else is wrong than bad luck."""

SETTLE_SECONDS = 0.5
"""A choice that is given up has left the engine by then."""

LONGEST_PAUSE_SECONDS = 2.0


class Marks(Protocol):
    """The marks on the engine; :mod:`infra.clients.engine.reservation_marks` are the real ones."""

    def list_all(self) -> list[Mark]:
        """See :func:`reservation_marks.list_all`."""

    def place(self, mark: Mark, own: Mapping[str, str], /) -> None:
        """See :func:`reservation_marks.place`."""

    def remove(self, marks: Iterable[Mark], /) -> None:
        """See :func:`reservation_marks.remove`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a stack needs.

    Attributes:
        stack: Name of the stack.
        stack_id: Its identity.
        labels: Labels of its mark, besides identity and reservation.
        prefix: First part of the mark's name.
        holders: Container that publishes each use of a port.
        first: First port that may be chosen.
        last: Last port that may be chosen.
        kept: Ports that the stack has or had.
        subnet: Subnet that it keeps; None to choose one.
    """

    stack: str
    stack_id: str
    labels: Mapping[str, str]
    prefix: str
    holders: Mapping[str, str]
    first: int
    last: int
    kept: Mapping[str, int]
    subnet: str | None


def claim(
    wish: Wish,
    held: Inventory,
    marks: Marks = reservation_marks,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[dict[str, int], str]:
    """Claim a port for each use, and a subnet. A failure leaves no claim and no mark.

    Returns:
        The ports by use, and the subnet in CIDR notation; empty if the engine chooses it.

    Raises:
        PortRangeExhaustedError: Too few ports are free.
        EngineError: Other stacks chose the same each time.
    """
    with open_claims("ports") as ports, open_claims("subnets") as subnets:
        chosen, subnet = _reserved(wish, held, marks, (ports, subnets), pause)
        ports[wish.stack_id] = chosen
        if subnet:
            subnets[wish.stack_id] = subnet
    return chosen, subnet


def _reserved(
    wish: Wish, held: Inventory, marks: Marks, claims: tuple[Claims, Claims], pause: Callable[[float], None]
) -> tuple[dict[str, int], str]:
    seen, settled = reservation_marks.read(held.volumes), port_claims.claimed(wish.stack_id).values()
    for attempt in range(ATTEMPTS):
        others = [mark for mark in seen if mark.stack_id != wish.stack_id]
        begun = time.monotonic()
        try:
            chosen, subnet = _choose(wish, held, others, claims)
        except PortRangeExhaustedError:
            # A choice that is being given up may fill the range for a moment.
            pause(SETTLE_SECONDS)
            before, seen = seen, marks.list_all()
            if {mark.name for mark in before} == {mark.name for mark in seen} or attempt == ATTEMPTS - 1:
                raise
            continue
        mark, seen = _place(wish, chosen, subnet, [one for one in seen if one.stack_id == wish.stack_id], marks)
        new = Mark(
            name=mark.name,
            stack_id=mark.stack_id,
            ports=mark.ports - {*settled},
            subnet="" if wish.subnet is not None else subnet,
        )
        if not any(new.meets(one) for one in seen if one.stack_id != wish.stack_id):
            marks.remove(one for one in seen if one.stack_id == wish.stack_id and one.name != mark.name)
            return chosen, subnet
        marks.remove([mark])
        took = time.monotonic() - begun
        pause(min(random.random() * took * 2**attempt, LONGEST_PAUSE_SECONDS))  # noqa: S311 - spreads load
    raise EngineError(
        f"reserving ports and a subnet on the engine for stack '{wish.stack}': {ATTEMPTS} times in a row another stack "
        "that is being created chose the same. Run the command again."
    )


def _choose(
    wish: Wish, held: Inventory, others: list[Mark], claims: tuple[Claims, Claims]
) -> tuple[dict[str, int], str]:
    ports = port_claims.choose(
        claims[0],
        wish.stack_id,
        wish.holders,
        first=wish.first,
        last=wish.last,
        published=held.ports,
        reserved={port for mark in others for port in mark.ports},
        kept=wish.kept,
    )
    if wish.subnet is not None:
        return ports, wish.subnet
    taken = [*held.subnets, *(mark.subnet for mark in others if mark.subnet)]
    return ports, subnet_claims.choose(claims[1], wish.stack_id, taken=taken)


def _place(wish: Wish, ports: Mapping[str, int], subnet: str, own: list[Mark], marks: Marks) -> tuple[Mark, list[Mark]]:
    """Place a mark unless there is the same one; returns it, and all marks afterwards."""
    numbers = frozenset(ports.values())
    mark = next((one for one in own if one.ports == numbers and one.subnet == subnet), None)
    if mark is None:
        name = reservation_marks.new_name(wish.prefix)
        mark = Mark(name=name, stack_id=wish.stack_id, ports=numbers, subnet=subnet)
        marks.place(mark, {labels.STACK: wish.stack, **wish.labels})
    return mark, marks.list_all()
