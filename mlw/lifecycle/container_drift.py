"""Detects changes to running containers outside of the project: paused, renamed, disconnected, other limits.

The provider reads little of this, so an update alone would not notice. Changes are reverted in place; a limit that the
engine can set but not remove, e.g. of CPUs, needs a new container on the same volumes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from infra.clients.engine import engine_queries
from infra.clients.engine.docker_engine import connect
from infra.clients.engine.engine_queries import Query
from infra.errors import EngineError
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import Say

if TYPE_CHECKING:
    import docker

CONTAINER_TYPE = "docker:index/container:Container"
STOP_SECONDS = 30
_MIB = 2**20
_NANO = 10**9


class Repair(StrEnum):
    """How a change is reverted."""

    RESUME = "resume"
    CONNECT = "connect"
    RECONNECT = "reconnect"
    RENAME = "rename"
    MAKE_ROOM = "make room"
    UPDATE = "update"
    REPLACE = "replace"


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """One change at one container.

    Attributes:
        change: The change, e.g. ``paused``.
        repair: How to revert it.
        network: The network to connect to.
    """

    id: str
    container: str
    change: str
    repair: Repair
    network: str = ""

    def __str__(self) -> str:
        """Container and change, as in messages."""
        return f"container '{self.container}' ({self.change})"


def drifts(checkpoint: Checkpoint) -> list[Drift]:
    """Compare the running containers with the state.

    Raises:
        EngineUnreachableError: The engine does not respond.
    """
    with engine_queries.connect() as query:
        return _drifts(query, checkpoint)


def undo(checkpoint: Checkpoint, say: Say) -> bool:
    """Revert the changes; a container that has to be replaced is removed, and the next update recreates it.

    Returns:
        Whether anything was reverted.

    Raises:
        EngineUnreachableError: The engine does not respond.
        EngineError: It refuses.
    """
    found = drifts(checkpoint)
    if not found:
        return False
    say(f"Changed outside of the project: {', '.join(map(str, found))}. Correcting it.")
    import docker  # noqa: PLC0415 - as in infra.clients

    known = _known(checkpoint)
    with connect() as client:
        for drift in in_order(found):
            try:
                _undo(client, drift, known[drift.id])
            except docker.errors.NotFound:
                continue
            except docker.errors.APIError as exc:
                raise EngineError(
                    f"correcting {drift}: the engine refused ({exc.explanation or exc}). Undo the change, or remove "
                    "the container (its data is on volumes), and run the command again."
                ) from exc
    return True


def in_order(found: list[Drift]) -> list[Drift]:
    """Order repairs so that none blocks another: names may have been swapped.

    Replacements come last: other repairs would fail on a removed container.
    """
    renamed = [drift for drift in found if drift.repair is Repair.RENAME]
    room = [replace(drift, repair=Repair.MAKE_ROOM) for drift in renamed] if len(renamed) > 1 else []
    return [*room, *sorted(found, key=lambda drift: drift.repair is Repair.REPLACE)]


def compare(wanted: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[tuple[str, Repair, str]]:
    """Compare one container; yields change, repair and network of each difference.

    Args:
        wanted: Its outputs in the state.
        actual: The engine's description of it.
    """
    state, host = actual["State"], actual["HostConfig"]
    if not state["Running"]:
        return
    if state["Paused"]:
        yield "paused", Repair.RESUME, ""
    name = str(actual["Name"]).lstrip("/")
    if name != wanted["name"]:
        yield f"renamed to '{name}'", Repair.RENAME, ""
    connected = actual["NetworkSettings"]["Networks"] or {}
    yield from _networks(wanted, connected)
    for change in _in_place(wanted, host):
        yield change, Repair.UPDATE, ""
    if limits := _not_in_place(wanted, host):
        yield limits, Repair.REPLACE, ""


def _networks(wanted: Mapping[str, Any], connected: Mapping[str, Any]) -> Iterator[tuple[str, Repair, str]]:
    for network in wanted.get("networksAdvanced") or []:
        name = network["name"]
        if name not in connected:
            yield f"disconnected from network '{name}'", Repair.CONNECT, name
        elif set(_aliases(wanted, name)) - set(connected[name].get("Aliases") or ()):
            yield f"without its alias in network '{name}'", Repair.RECONNECT, name


def _aliases(wanted: Mapping[str, Any], network: str) -> list[str]:
    """Host names of the container in the network, besides its own."""
    networks = wanted.get("networksAdvanced") or []
    return [alias for one in networks if one["name"] == network for alias in one.get("aliases") or ()]


def _in_place(wanted: Mapping[str, Any], host: Mapping[str, Any]) -> Iterator[str]:
    for title, actual, limit in (
        ("memory", host["Memory"], wanted.get("memory") or 0),
        ("memory with swap", host["MemorySwap"], wanted.get("memorySwap") or 0),
    ):
        if actual != limit * _MIB:
            yield f"{title} {actual // _MIB} MiB instead of {limit} MiB"
    policy = host["RestartPolicy"]["Name"] or "no"
    if policy != (wanted.get("restart") or "no"):
        yield f"restart policy '{policy}' instead of '{wanted.get('restart')}'"


def _not_in_place(wanted: Mapping[str, Any], host: Mapping[str, Any]) -> str:
    expected = {
        "NanoCpus": round(float(wanted.get("cpus") or 0) * _NANO),
        "CpuShares": wanted.get("cpuShares") or 0,
        "CpusetCpus": wanted.get("cpuSet") or "",
        "CpuQuota": int(wanted.get("cpuQuota") or 0),
        "CpuPeriod": int(wanted.get("cpuPeriod") or 0),
        "CpusetMems": "",
        "PidsLimit": 0,
        "MemoryReservation": 0,
        "BlkioWeight": 0,
    }
    changed = {key: value for key, value in expected.items() if (host.get(key) or type(value)()) != value}
    return ", ".join(f"{key} {host[key]} instead of {value or 'none'}" for key, value in changed.items())


def _known(checkpoint: Checkpoint) -> dict[str, Mapping[str, Any]]:
    """Maps the id of each container in the state to its outputs."""
    return {r["id"]: r.get("outputs") or {} for r in checkpoint.own_objects if r["type"] == CONTAINER_TYPE}


def _drifts(query: Query, checkpoint: Checkpoint) -> list[Drift]:
    found = []
    for identity, wanted in _known(checkpoint).items():
        actual = query(f"/containers/{identity}/json")
        found += [
            Drift(id=identity, container=str(wanted.get("name")), change=change, repair=repair, network=network)
            for change, repair, network in (compare(wanted, actual) if actual else ())
        ]
    return found


def _undo(client: docker.DockerClient, drift: Drift, wanted: Mapping[str, Any]) -> None:
    match drift.repair:
        case Repair.RESUME:
            client.api.unpause(drift.id)
        case Repair.RENAME:
            client.api.rename(drift.id, str(wanted["name"]))
        case Repair.MAKE_ROOM:
            client.api.rename(drift.id, f"{wanted['name']}-{drift.id[:12]}")
        case Repair.CONNECT:
            _connect(client, drift, wanted)
        case Repair.RECONNECT:
            client.api.disconnect_container_from_network(drift.id, drift.network)
            _connect(client, drift, wanted)
        case Repair.UPDATE:
            client.api.update_container(
                drift.id,
                mem_limit=(wanted.get("memory") or 0) * _MIB,
                memswap_limit=(wanted.get("memorySwap") or 0) * _MIB,
                # The stubs list two of the four names.
                restart_policy={"Name": wanted.get("restart") or "no"},  # type: ignore[arg-type]
            )
        case Repair.REPLACE:
            client.api.stop(drift.id, timeout=STOP_SECONDS)
            client.api.remove_container(drift.id, force=True)


def _connect(client: docker.DockerClient, drift: Drift, wanted: Mapping[str, Any]) -> None:
    aliases = _aliases(wanted, drift.network)
    client.api.connect_container_to_network(drift.id, drift.network, aliases=aliases or None)
