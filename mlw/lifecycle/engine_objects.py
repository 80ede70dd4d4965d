"""The stack's objects on the Docker engine, found by its two labels; nothing else is ever listed or removed.

Needs no state and no stack file, so that it also works when both are gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import docker

from infra import labels
from infra.clients.engine.docker_engine import connect
from infra.errors import EngineError
from mlw.lifecycle.object_comparison import EngineObject, in_removal_order
from mlw.lifecycle.stack_context import Context


class Engine(Protocol):
    """What a command needs of the engine; this module is the real one."""

    def list_objects(self, context: Context, /) -> list[EngineObject]:
        """See :func:`list_objects`."""

    def remove(self, found: Iterable[EngineObject], /) -> None:
        """See :func:`remove`."""


def list_objects(context: Context) -> list[EngineObject]:
    """List the stack's containers (stopped ones too), networks and volumes.

    Raises:
        EngineUnreachableError: The engine does not answer.
    """
    wanted = {"label": [f"{labels.STACK}={context.stack}", f"{labels.BACKEND}={context.backend_id}"]}
    with connect() as client:
        return [*_containers(client, wanted), *_networks(client, wanted), *_volumes(client, wanted)]


def _containers(client: docker.DockerClient, wanted: dict[str, Any]) -> Iterable[EngineObject]:
    for found in client.api.containers(all=True, filters=wanted):
        name = found["Names"][0].lstrip("/") if found.get("Names") else found["Id"][:12]
        yield EngineObject("container", found["Id"], name, running=found["State"] in {"running", "restarting"})


def _networks(client: docker.DockerClient, wanted: dict[str, Any]) -> Iterable[EngineObject]:
    return [EngineObject("network", found["Id"], found["Name"]) for found in client.api.networks(filters=wanted)]


def _volumes(client: docker.DockerClient, wanted: dict[str, Any]) -> Iterable[EngineObject]:
    found = client.api.volumes(filters=wanted)["Volumes"] or []
    return [EngineObject("volume", volume["Name"], volume["Name"]) for volume in found]


def remove(found: Iterable[EngineObject]) -> None:
    """Remove objects; those that are gone already are fine.

    Raises:
        EngineError: The engine refuses, e.g. since a foreign container uses a network.
    """
    with connect() as client:
        for item in in_removal_order(list(found)):
            try:
                _remove_one(client, item)
            except docker.errors.NotFound:
                continue
            except docker.errors.APIError as exc:
                raise EngineError(
                    f"removing {item}: the engine refuses ({exc.explanation or exc}). "
                    "Remove what uses it and run the command again."
                ) from exc


def _remove_one(client: docker.DockerClient, item: EngineObject) -> None:
    if item.kind == "container":
        # Anonymous volumes go with it; named ones are removed, or kept, under their own label.
        client.api.remove_container(item.id, force=True, v=True)
    elif item.kind == "network":
        client.api.remove_network(item.id)
    else:
        client.api.remove_volume(item.id)
