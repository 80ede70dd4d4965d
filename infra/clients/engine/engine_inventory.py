"""Everything that the engine holds, as a reservation needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from infra.clients.engine import engine_queries
from infra.clients.engine.engine_queries import Query


@dataclass(frozen=True)
class Inventory:
    """The objects on the engine, by kind and name, with their labels."""

    containers: Mapping[str, Mapping[str, str]]
    volumes: Mapping[str, Mapping[str, str]]
    networks: Mapping[str, Mapping[str, str]]
    subnets: Sequence[str]
    """Subnets of all networks, in CIDR notation."""
    images: Mapping[str, str]
    """Image tag to image id."""
    ports: Mapping[int, str] = field(default_factory=dict)
    """Published host port to the name of its container, including stopped containers."""


def inventory() -> Inventory:
    """List all containers (including stopped ones), volumes, networks, image tags and published ports of the engine."""
    with engine_queries.connect() as query:
        containers, networks = query("/containers/json?all=1"), query("/networks")
        return Inventory(
            containers={n.lstrip("/"): c.get("Labels") or {} for c in containers for n in c["Names"]},
            volumes={v["Name"]: v.get("Labels") or {} for v in query("/volumes")["Volumes"] or []},
            networks={n["Name"]: n.get("Labels") or {} for n in networks},
            subnets=[c["Subnet"] for n in networks for c in n["IPAM"].get("Config") or [] if "Subnet" in c],
            images={tag: image["Id"] for image in query("/images/json") for tag in image.get("RepoTags") or []},
            ports=dict(_published_ports(query, [c["Id"] for c in containers])),
        )


def _published_ports(query: Query, container_ids: Iterable[str]) -> Iterator[tuple[int, str]]:
    # The ports of a stopped container are only in its host configuration; it needs them again when it restarts.
    for container_id in container_ids:
        details = query(f"/containers/{container_id}/json")
        if details is None:
            continue
        for bindings in (details["HostConfig"].get("PortBindings") or {}).values():
            for binding in bindings or []:
                if binding.get("HostPort"):
                    yield int(binding["HostPort"]), details["Name"].lstrip("/")
