"""Reservation on the Docker engine; all Docker objects of a stack depend on it, so there are none before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from typing_extensions import override

from infra.clients.engine import reservation
from infra.clients.engine.reservation import Reserved, Wanted
from infra.errors import EarlierVersionError
from infra.resources.resource import CreateResult, DiffResult, Props, Provider, Resource, UpdateResult


class EngineReservationProvider(Provider):
    """Verbs of :class:`EngineReservation`."""

    inputs = ("names", "holders", "images", "revisions", "first_port", "last_port", "cpus")

    @override
    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Compare; what is reserved and no longer claimed, as by a stack that was soft-deleted, is claimed again."""
        return DiffResult(bool(self.changed(_olds, _news)) or not reservation.is_claimed(_id, _olds.get("ports") or {}))

    @override
    def create(self, props: Props) -> CreateResult:
        """Reserve everything."""
        wanted = _wanted(props)
        return CreateResult(wanted.stack_id, {**props, **_outputs(reservation.reserve(wanted))})

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Reserve what is new; ports and subnet stay.

        Raises:
            EarlierVersionError: The stack has been given an identity that its objects do not have.
        """
        if _olds.get("stack_id") != _news["stack_id"]:
            raise EarlierVersionError(reservation.not_taken_over(_news["stack"]))
        ports = {use: int(port) for use, port in _olds["ports"].items()}
        reserved = reservation.change(
            _wanted(_news),
            names_before=_olds["names"],
            holders_before=_olds["holders"],
            before=Reserved(image_ids=_olds["image_ids"], ports=ports, subnet=_olds["subnet"]),
        )
        return UpdateResult({**_news, **_outputs(reserved)})

    @override
    def delete(self, _id: str, _props: Props) -> None:
        """Give everything up."""
        reservation.release(_id)


def _wanted(props: Props) -> Wanted:
    return Wanted(
        stack=props["stack"],
        stack_id=props["stack_id"],
        names=props["names"],
        holders=props["holders"],
        images=props["images"],
        ports=(int(props["first_port"]), int(props["last_port"])),
        cpus=props["cpus"],
    )


def _outputs(reserved: Reserved) -> Props:
    return {"image_ids": dict(reserved.image_ids), "ports": dict(reserved.ports), "subnet": reserved.subnet}


class EngineReservation(Resource, module="engine", provider=EngineReservationProvider):
    """Names, ports, a subnet and images that a stack uses on the engine.

    Args:
        name: Logical name.
        stack_id: Identity of the stack.
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
        stack_id: pulumi.Input[str],
        names: Mapping[str, Sequence[str]],
        holders: Mapping[str, str],
        images: Mapping[str, str],
        revisions: Mapping[str, int],
        port_range: tuple[int, int],
        cpus: Mapping[str, float | None],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "stack": pulumi.get_stack(),
            "stack_id": stack_id,
            "names": names,
            "holders": holders,
            "images": images,
            "revisions": revisions,
            "first_port": port_range[0],
            "last_port": port_range[1],
            "cpus": {section: count for section, count in cpus.items() if count is not None},
        }
        super().__init__(name, inputs, opts)
