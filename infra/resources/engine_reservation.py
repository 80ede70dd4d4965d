"""Reservation on the Docker engine. All Docker objects of a stack depend on it, so they are created after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from typing_extensions import override

from infra.clients.engine import docker_engine, job_leftovers, reservation
from infra.clients.engine.reservation import Reserved, Wanted
from infra.errors import EarlierVersionError
from infra.instance_service import COMPUTE_INSTANCE
from infra.resources.resource import CreateResult, DiffResult, Props, Provider, Resource, UpdateResult
from infra.services import CONTAINER_REGISTRY

_REGISTRY_USES = tuple(endpoint.use for endpoint in CONTAINER_REGISTRY.endpoints)


class EngineReservationProvider(Provider):
    """Verbs of :class:`EngineReservation`."""

    inputs = ("names", "holders", "images", "revisions", "first_port", "last_port", "cpus")

    @override
    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Compare; ports that are no longer claimed, e.g. after a soft deletion, are claimed again."""
        return DiffResult(bool(self.changed(_olds, _news)) or not reservation.is_claimed(_id, _olds.get("ports") or {}))

    @override
    def create(self, props: Props) -> CreateResult:
        """Reserve everything."""
        wanted = _wanted(props)
        return CreateResult(wanted.stack_id, {**props, **_outputs(reservation.reserve(wanted), props)})

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Reserve new names, images and ports; existing ports and the subnet are kept.

        Raises:
            EarlierVersionError: The stack has an identity that its objects do not have.
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
        return UpdateResult({**_news, **_outputs(reserved, _news)})

    @override
    def delete(self, _id: str, _props: Props) -> None:
        """Release everything; images from the registry go with its port, which another stack may get next."""
        ports = _props.get("ports") or {}
        job_leftovers.remove_images(int(ports[use]) for use in _REGISTRY_USES if use in ports)
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
        # States of earlier versions do not have it.
        resource_id=props.get("resource_id", ""),
    )


def _outputs(reserved: Reserved, props: Props) -> Props:
    found: Props = {"image_ids": dict(reserved.image_ids), "ports": dict(reserved.ports), "subnet": reserved.subnet}
    # Only instances are limited by what the machine has.
    return {**found, "memory_mib": docker_engine.memory_mib()} if COMPUTE_INSTANCE.image in props["images"] else found


class EngineReservation(Resource, module="engine", provider=EngineReservationProvider):
    """Names, ports, a subnet and images that a stack uses on the engine.

    Args:
        name: Logical name.
        stack_id: Identity of the stack.
        resource_id: The resource group.
        names: Names that must be free or the stack's own, by kind (``containers``, ``volumes``, ``networks``).
        holders: Container that publishes each use, e.g. ``storage``; the port is the same for the container's lifetime.
        images: Image tag of each service.
        revisions: Revision of the image under its tag; a new revision resolves the tag again.
        port_range: First and last port that may be claimed.
        cpus: CPU limit of each service, by its section of the stack file; None for no limit.
        opts: Resource options.
    """

    ports: pulumi.Output[dict[str, int]]
    """Claimed host port of each use."""

    subnet: pulumi.Output[str]
    """Subnet of the stack's network in CIDR notation; empty if the engine chooses it."""

    memory_mib: pulumi.Output[int]
    """Memory of the engine's machine; known only for a stack with compute instances."""

    image_ids: pulumi.Output[dict[str, str]]
    """Image id of each service. An id, because with a tag the Docker provider would replace containers."""

    def __init__(
        self,
        name: str,
        *,
        stack_id: pulumi.Input[str],
        resource_id: str,
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
            "resource_id": resource_id,
            "names": names,
            "holders": holders,
            "images": images,
            "revisions": revisions,
            "first_port": port_range[0],
            "last_port": port_range[1],
            "cpus": {section: count for section, count in cpus.items() if count is not None},
        }
        super().__init__(name, inputs, opts)
