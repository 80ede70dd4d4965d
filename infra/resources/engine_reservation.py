"""Reservation on the Docker engine: everything a stack is about to use is checked and claimed before anything is made.

It finds out that a name belongs to somebody else, that an image is missing, or that no port is free while there is
still nothing to clean up. All Docker objects of a stack depend on it, so there are none before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource, UpdateResult

from infra import labels
from infra.clients.engine import docker_engine, port_claims, subnet_claims
from infra.errors import EngineError, ForeignObjectError, ImageMissingError
from infra.resources.provider import Props, Provider

KINDS = ("containers", "volumes", "networks")


class _EngineReservationProvider(Provider):
    inputs = ("stack", "backend", "names", "holders", "images", "revisions", "first_port", "last_port", "cpus")

    def create(self, props: Props) -> CreateResult:
        held = docker_engine.inventory()
        _refuse_foreign(props["names"], held, props)
        _refuse_more_cpus(props)
        # Every Docker object of the stack comes after its reservation: what carries our labels now was left behind by
        # a run that was killed, and is in no state. Volumes stay, because volumes hold data.
        docker_engine.remove_leftovers(stack=props["stack"], backend=props["backend"])
        return CreateResult(_owner(props), {**props, **_reserve(props, held, kept={})})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        held = docker_engine.inventory()
        added = {kind: [n for n in _news["names"][kind] if n not in _olds["names"][kind]] for kind in KINDS}
        _refuse_foreign(added, held, _news)
        _refuse_more_cpus(_news)
        # A renamed container is made while the old one still runs, and publishes its port.
        before = _olds.get("holders") or _news["holders"]
        kept = {use: int(port) for use, port in _olds["ports"].items() if before.get(use) == _news["holders"].get(use)}
        return UpdateResult({**_news, **_reserve(_news, held, kept=kept, kept_subnet=_olds["subnet"])})

    def delete(self, _id: str, _props: Props) -> None:
        port_claims.release(_id)
        subnet_claims.release(_id)


def _owner(props: Props) -> str:
    return f"{props['backend']}/{props['stack']}"


def _reserve(
    props: Props, held: docker_engine.Inventory, *, kept: Mapping[str, int], kept_subnet: str | None = None
) -> Props:
    images = _resolve_images(props["images"], held)
    ports = port_claims.claim(
        _owner(props),
        list(props["holders"]),
        first=int(props["first_port"]),
        last=int(props["last_port"]),
        published=held.ports,
        kept=kept,
    )
    # Last, because it is never refused: what has been claimed for a reservation that fails nobody gives up.
    subnet = subnet_claims.claim(_owner(props), taken=held.subnets) if kept_subnet is None else kept_subnet
    return {"image_ids": images, "ports": ports, "subnet": subnet}


def _refuse_foreign(names: Mapping[str, Sequence[str]], held: docker_engine.Inventory, props: Props) -> None:
    foreign = [
        f"{kind.removesuffix('s')} '{name}'"
        for kind in KINDS
        for name in names[kind]
        if name in (found := getattr(held, kind))
        and not labels.belongs_to(found[name], stack=props["stack"], backend=props["backend"])
    ]
    if foreign:
        raise ForeignObjectError(
            f"reserving names on the engine for stack '{props['stack']}': {', '.join(foreign)} exist and do not belong "
            "to this stack; nothing was created, adopted or removed. Remove them yourself, or give the resource "
            f"another name in stacks/Pulumi.{props['stack']}.yaml."
        )


def _refuse_more_cpus(props: Props) -> None:
    """Docker refuses a container with more CPUs than there are, but only once half of the stack is made."""
    wanted = props.get("cpus") or {}
    if not wanted or max(wanted.values()) <= (available := docker_engine.cpus()):
        return
    over = ", ".join(f"'ml-workspace:limits.{s}.cpu' is {cpus:g}" for s, cpus in wanted.items() if cpus > available)
    raise EngineError(
        f"reserving CPUs on the engine for stack '{props['stack']}': {over}; allowed: at most {available}, which the "
        f"engine has. Change it in stacks/Pulumi.{props['stack']}.yaml, or leave it out for as many as there are."
    )


def _resolve_images(wanted: Mapping[str, str], held: docker_engine.Inventory) -> dict[str, str]:
    missing = sorted(tag for tag in wanted.values() if tag not in held.images)
    if missing:
        raise ImageMissingError(
            f"looking for the services' images: {', '.join(repr(tag) for tag in missing)} not found on the engine. "
            "Run `make setup`, which pulls or builds them."
        )
    return {service: held.images[tag] for service, tag in wanted.items()}


class EngineReservation(Resource, module="ml-workspace", name="EngineReservation"):
    """Names, ports, a subnet and images that a stack uses on the engine.

    Args:
        name: Logical name.
        names: Names that must be free or the stack's own, by kind (``containers``, ``volumes``, ``networks``).
        holders: Container of each use of a port, e.g. of ``storage``; the port stays the same for the container's life.
        images: Image tag of each service.
        revisions: Which making of the image under its tag; another one lets the tag be looked up anew.
        port_range: First and last port that may be claimed.
        cpus: CPUs that a service is limited to, by its section of the stack file; None where it is not limited.
        opts: Resource options.
    """

    ports: pulumi.Output[dict[str, int]]
    """Claimed host port of each use."""

    subnet: pulumi.Output[str]
    """Subnet of the stack's network in CIDR notation; empty where the engine may choose."""

    image_ids: pulumi.Output[dict[str, str]]
    """Image id of each service; an id, because a tag would make the Docker provider replace containers."""

    def __init__(
        self,
        name: str,
        *,
        names: Mapping[str, Sequence[str]],
        holders: Mapping[str, str],
        images: Mapping[str, str],
        revisions: Mapping[str, int],
        port_range: tuple[int, int],
        cpus: Mapping[str, float | None],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "stack": pulumi.get_stack(),
            "backend": labels.backend_id(),
            "names": names,
            "holders": holders,
            "images": images,
            "revisions": revisions,
            "first_port": port_range[0],
            "last_port": port_range[1],
            "cpus": {section: count for section, count in cpus.items() if count is not None},
            "ports": None,
            "subnet": None,
            "image_ids": None,
        }
        super().__init__(_EngineReservationProvider(), name, props, opts)
