"""The stack's objects on the Docker engine: those with its identity, and those in its state; no others.

Objects of other stacks are only ever listed (:func:`list_namesakes`): a stack of the same name in another home or
backend belongs to somebody else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from infra import labels
from infra.clients.engine import engine_queries
from infra.clients.engine.docker_engine import REMOVAL_SECONDS, connect
from infra.clients.engine.engine_queries import Query
from infra.clients.engine.object_users import describe_users
from infra.errors import EngineError
from mlw.lifecycle import identity_lookup, state_files
from mlw.lifecycle.lifecycle_errors import DamagedStateError
from mlw.lifecycle.object_comparison import RESERVATION, EngineObject, in_removal_order
from mlw.lifecycle.stack_context import Context

if TYPE_CHECKING:
    import docker

_Labelled = tuple[EngineObject, Mapping[str, str]]

RUNNING = frozenset({"running", "restarting", "paused"})
"""States of a container that an update need not start; a paused one is :mod:`mlw.lifecycle.container_drift`'s part."""


class Engine(Protocol):
    """What a command needs of the engine; this module is the real one."""

    def list_objects(self, context: Context, stack_id: str | None = None, /) -> list[EngineObject]:
        """See :func:`list_objects`."""

    def list_namesakes(self, context: Context, /) -> dict[str, list[EngineObject]]:
        """See :func:`list_namesakes`."""

    def stop(self, found: Iterable[EngineObject], /) -> None:
        """See :func:`stop`."""

    def remove(self, found: Iterable[EngineObject], /) -> None:
        """See :func:`remove`."""


def list_objects(context: Context, stack_id: str | None = None) -> list[EngineObject]:
    """List the stack's containers (stopped ones too), networks, volumes and reservations.

    Args:
        context: The stack.
        stack_id: Its identity, if already known; a removed state no longer contains it.

    Raises:
        EngineUnreachableError: The engine does not respond.
    """
    stack_id, known = stack_id or identity_lookup.find(context), _known(context)
    with engine_queries.connect() as query:
        return [item for item, found in _list_all(query) if _is_ours(item, found, stack_id, known)]


def list_namesakes(context: Context) -> dict[str, list[EngineObject]]:
    """List the objects of other stacks of the same name, by owner."""
    stack_id, known = identity_lookup.find(context), _known(context)
    namesakes: dict[str, list[EngineObject]] = {}
    with engine_queries.connect() as query:
        everything = list(_list_all(query))
    deleted = labels.purge_dates(found for _, found in everything)
    for item, found in everything:
        if found.get(labels.STACK) == context.stack and not _is_ours(item, found, stack_id, known):
            namesakes.setdefault(labels.describe_owner(found, deleted), []).append(item)
    return namesakes


def list_owners(*, except_ids: Collection[str]) -> list[str]:
    """List the owners of all other objects on the engine, in alphabetical order."""
    with engine_queries.connect() as query:
        everything = [given for _, given in _list_all(query)]
    deleted = labels.purge_dates(everything)
    others = [given for given in everything if labels.identity_of(given) not in {"", *except_ids}]
    return sorted({labels.describe_owner(given, deleted) for given in others})


def _is_ours(item: EngineObject, found: Mapping[str, str], stack_id: str | None, known: set[tuple[str, str]]) -> bool:
    if labels.identity_of(found):
        return stack_id is not None and labels.belongs_to(found, stack_id)
    return (item.kind, item.id) in known


def _known(context: Context) -> set[tuple[str, str]]:
    """Kind and id of the objects in the state; empty if it cannot be read."""
    with contextlib.suppress(DamagedStateError):
        checkpoint = state_files.read(context)
        return {(item.kind, item.id) for item in checkpoint.docker_objects()} if checkpoint else set()
    return set()


def _list_all(query: Query) -> Iterator[_Labelled]:
    for found in query("/containers/json?all=1"):
        name = found["Names"][0].lstrip("/") if found.get("Names") else found["Id"][:12]
        running, given = found["State"] in RUNNING, found.get("Labels") or {}
        yield EngineObject("container", found["Id"], name, running=running, is_of_job=_is_of_job(given)), given
    for found in query("/networks"):
        yield EngineObject("network", found["Id"], found["Name"]), found.get("Labels") or {}
    for found in query("/volumes")["Volumes"] or []:
        given = found.get("Labels") or {}
        kind = RESERVATION if labels.RESERVATION in given else "volume"
        yield EngineObject(kind, found["Name"], found["Name"], is_of_job=_is_of_job(given)), given


def _is_of_job(given: Mapping[str, str]) -> bool:
    return any(label in given for label in labels.OUTSIDE_THE_STATE)


def stop(found: Iterable[EngineObject]) -> None:
    """Stop containers gracefully, in parallel; missing ones are ignored."""
    running = [item.id for item in found if item.kind == "container" and item.running]
    with ThreadPoolExecutor(max_workers=len(running) or 1) as pool:
        list(pool.map(_stop_one, running))


def _stop_one(container: str) -> None:
    import docker  # noqa: PLC0415 - as in infra.clients

    with connect() as client, contextlib.suppress(docker.errors.NotFound):
        client.api.stop(container)


def remove(found: Iterable[EngineObject]) -> None:
    """Remove objects; missing ones are ignored.

    Raises:
        EngineError: The engine refuses, e.g. because a foreign container uses a network.
    """
    import docker  # noqa: PLC0415 - as in infra.clients

    with connect(timeout_seconds=REMOVAL_SECONDS) as client:
        for item in in_removal_order(list(found)):
            try:
                _remove_one(client, item)
            except docker.errors.NotFound:
                continue
            except docker.errors.APIError as exc:
                kind = "network" if item.kind == "network" else "volume"
                users = describe_users(client, kind, item.id) if item.kind != "container" else ""
                raise EngineError(
                    f"removing {item}: the engine refused ({exc.explanation or exc}).{users} Then run the command "
                    "again."
                ) from exc


def _remove_one(client: docker.DockerClient, item: EngineObject) -> None:
    if item.kind == "container":
        # Anonymous volumes go with it; named ones are removed, or kept, under their own label.
        client.api.remove_container(item.id, force=True, v=True)
    elif item.kind == "network":
        client.api.remove_network(item.id)
    else:
        client.api.remove_volume(item.id)
