"""Reserve names, ports, a subnet and images on the engine, before anything else of a stack is created.

So a foreign name, a missing image or a lack of free ports is reported while there is still nothing to clean up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from infra import labels
from infra.clients.engine import (
    docker_engine,
    engine_claims,
    engine_inventory,
    port_claims,
    reservation_marks,
    subnet_claims,
)
from infra.clients.engine.engine_claims import Marks, Wish
from infra.clients.engine.engine_inventory import Inventory
from infra.clients.state import known_stacks
from infra.errors import EarlierVersionError, EngineError, ForeignObjectError, ImageMissingError

OBJECT_TYPES = ("containers", "volumes", "networks")


_IF_LOST = " If they belong to this stack and its state was lost, restore a backup of the state first."


class Engine(Protocol):
    """The engine as a reservation uses it."""

    @property
    def marks(self) -> Marks:
        """The marks of reservations."""

    def inventory(self) -> Inventory:
        """List all objects."""

    def cpus(self) -> int:
        """Count the CPUs."""

    def remove_leftovers(self, stack_id: str) -> list[str]:
        """Remove the stack's containers and networks."""


class RealEngine:
    """The engine that Docker's own CLI would use."""

    marks: Marks = reservation_marks
    inventory = staticmethod(engine_inventory.inventory)
    cpus = staticmethod(docker_engine.cpus)
    remove_leftovers = staticmethod(docker_engine.remove_leftovers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The names, ports and subnets that a stack needs.

    Attributes:
        stack: Name of the stack, for messages.
        stack_id: Its identity, the key of its claims.
        names: Names that must be free or the stack's own, by :data:`OBJECT_TYPES`.
        holders: Container of each use of a port; the port is the same for the container's lifetime.
        images: Image tag of each service.
        ports: First and last port that may be claimed.
        cpus: CPU limit of each service, by its section of the stack file.
        resource_id: The resource group, for the label of the mark on the engine.
    """

    stack: str
    stack_id: str
    names: Mapping[str, Sequence[str]]
    holders: Mapping[str, str]
    images: Mapping[str, str]
    ports: tuple[int, int]
    cpus: Mapping[str, float] = field(default_factory=dict)
    resource_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserved:
    """What a stack has reserved.

    Attributes:
        image_ids: Image id of each service.
        ports: Host port of each use.
        subnet: In CIDR notation; empty if the engine chooses it.
    """

    image_ids: Mapping[str, str]
    ports: Mapping[str, int]
    subnet: str


_ENGINE = RealEngine()


def reserve(wanted: Wanted, *, engine: Engine = _ENGINE) -> Reserved:
    """Reserve everything for a new stack.

    Raises:
        EarlierVersionError: A stack of this name has objects created by an earlier version of the project.
        ForeignObjectError: A name belongs to someone else.
        EngineError: A CPU limit exceeds the engine's CPUs.
        ImageMissingError: An image is not on the engine.
        PortRangeExhaustedError: Too few ports are free.
    """
    held = engine.inventory()
    refuse_foreign(wanted, wanted.names, held)
    _refuse_more_cpus(wanted, engine)
    # Docker objects of the stack are created after its reservation: existing ones with its labels were left behind by a
    # killed run and are in no state. Volumes are kept, because they hold data.
    if any(labels.belongs_to(found, wanted.stack_id) for found in [*held.containers.values(), *held.networks.values()]):
        engine.remove_leftovers(wanted.stack_id)
    return _claim(wanted, held, engine, kept={}, subnet=None)


def change(
    wanted: Wanted,
    *,
    names_before: Mapping[str, Sequence[str]],
    holders_before: Mapping[str, str],
    before: Reserved,
    engine: Engine = _ENGINE,
) -> Reserved:
    """Reserve what a changed stack needs in addition; containers keep their ports, the stack keeps its subnet.

    A stack that released its claims, because it was soft-deleted, gets the same ports again if they are free.

    Raises:
        EngineError: As in :func:`reserve`.
    """
    held = engine.inventory()
    added = {kind: [n for n in wanted.names[kind] if n not in names_before[kind]] for kind in OBJECT_TYPES}
    refuse_foreign(wanted, added, held)
    _refuse_more_cpus(wanted, engine)
    # A renamed container is created while the old one still runs and publishes its port.
    kept = {use: port for use, port in before.ports.items() if holders_before.get(use) == wanted.holders.get(use)}
    has_network = any(name in held.networks for name in names_before["networks"])
    keeps_subnet = has_network or is_claimed(wanted.stack_id, before.ports)
    return _claim(wanted, held, engine, kept=kept, subnet=before.subnet if keeps_subnet else None)


def is_claimed(owner: str, ports: Mapping[str, float]) -> bool:
    """Whether the owner still claims its reserved ports."""
    claimed = port_claims.claimed(owner)
    return all(claimed.get(use) == port for use, port in ports.items())


def release(owner: str, *, engine: Engine = _ENGINE) -> None:
    """Release all claims of the owner, and its reservation on the engine."""
    engine.marks.remove(mark for mark in engine.marks.list_all() if mark.stack_id == owner)
    release_claims(owner)


def release_claims(owner: str) -> None:
    """Release what the owner claims in this home; its mark on the engine is one of its objects there."""
    port_claims.release(owner)
    subnet_claims.release(owner)


def _claim(wanted: Wanted, held: Inventory, engine: Engine, *, kept: Mapping[str, int], subnet: str | None) -> Reserved:
    images = _resolve_images(wanted.images, held)
    ports, claimed = engine_claims.claim(wish(wanted, kept=kept, subnet=subnet), held, engine.marks)
    return Reserved(image_ids=images, ports=ports, subnet=claimed)


def wish(wanted: Wanted, *, kept: Mapping[str, int], subnet: str | None) -> Wish:
    """The ports and the subnet of what a stack wants."""
    first, last = wanted.ports
    return Wish(
        stack=wanted.stack,
        stack_id=wanted.stack_id,
        labels={labels.RESOURCE_ID: wanted.resource_id, labels.MADE_BY: known_stacks.describe_origin()},
        prefix=next(iter(wanted.names["networks"]), wanted.stack),
        holders=wanted.holders,
        first=first,
        last=last,
        kept=kept,
        subnet=subnet,
    )


def refuse_foreign(wanted: Wanted, names: Mapping[str, Sequence[str]], held: Inventory) -> None:
    """Reject names that belong to someone else.

    Raises:
        ForeignObjectError: Some of the names exist and are not the stack's own.
    """
    by_owner: dict[str, list[str]] = {}
    deleted = labels.purge_dates(held.volumes.values())
    is_namesake = False
    for kind in OBJECT_TYPES:
        found = getattr(held, kind)
        for name in names[kind]:
            if name in found and not labels.belongs_to(found[name], wanted.stack_id):
                is_namesake |= found[name].get(labels.STACK) == wanted.stack
                owned = by_owner.setdefault(labels.describe_owner(found[name], deleted), [])
                owned.append(f"{kind.removesuffix('s')} '{name}'")
    if by_owner:
        _refuse_earlier_version(wanted, names, held)
        foreign = "; ".join(f"{owner}: {', '.join(objects)}" for owner, objects in by_owner.items())
        raise ForeignObjectError(
            f"reserving names on the engine for stack '{wanted.stack}': these exist but do not belong to this stack: "
            f"{foreign}. Nothing was created, adopted or removed. Set 'ml-workspace:instance' in "
            f'stacks/Pulumi.{wanted.stack}.yaml to another value, e.g. "002", or give the resources other names.'
            f"{_IF_LOST * is_namesake}"
        )


def _refuse_earlier_version(wanted: Wanted, names: Mapping[str, Sequence[str]], held: Inventory) -> None:
    """Detect a stack of an earlier version by its objects on the engine; needed if the state is not a file."""
    found = [getattr(held, kind).get(name, {}) for kind in OBJECT_TYPES for name in names[kind]]
    if any(labels.earlier_identity(one) and one[labels.STACK] == wanted.stack for one in found):
        raise EarlierVersionError(not_taken_over(wanted.stack))


def not_taken_over(stack: str) -> str:
    """The message for a plain update of a stack that an earlier version created."""
    return (
        f"reserving names on the engine for stack '{stack}': an earlier version of the project created its objects. "
        f"Nothing on the engine was changed. Run `make up STACK={stack}`, which upgrades the stack and keeps its data."
    )


def _refuse_more_cpus(wanted: Wanted, engine: Engine) -> None:
    """Reject too many CPUs now; Docker would do so only when half of the stack has been created."""
    if not wanted.cpus or max(wanted.cpus.values()) <= (available := engine.cpus()):
        return
    over = ", ".join(f"'ml-workspace:limits.{s}.cpu' is {n:g}" for s, n in wanted.cpus.items() if n > available)
    raise EngineError(
        f"reserving CPUs on the engine for stack '{wanted.stack}': {over}; allowed: at most {available}, the "
        f"engine's CPUs. Change it in stacks/Pulumi.{wanted.stack}.yaml, or remove it to allow all CPUs."
    )


def _resolve_images(wanted: Mapping[str, str], held: Inventory) -> dict[str, str]:
    missing = sorted(tag for tag in wanted.values() if tag not in held.images)
    if missing:
        raise ImageMissingError(
            f"looking for the services' images: {', '.join(repr(tag) for tag in missing)} not found on the engine. "
            "Run `make setup`, which pulls or builds them."
        )
    return {service: held.images[tag] for service, tag in wanted.items()}
