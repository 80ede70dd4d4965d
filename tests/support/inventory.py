"""Compares everything on the engine: the proof that a run left nothing behind and changed nothing.

Containers and networks are compared by id, volumes by name and time of creation, so that an object deleted and created
again under the same name is detected. The engine's own networks (bridge, host, none) are ignored: it recreates them
whenever it starts. Images are ignored as well: they are a declared cache.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from docker import DockerClient

from infra.labels import RESERVATION

PREDEFINED_NETWORKS = frozenset({"bridge", "host", "none"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Inventory:
    """Identities of containers, volumes and networks, each with its readable name."""

    containers: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)

    def __sub__(self, other: "Inventory") -> "Inventory":
        """Return what is in this inventory and not in the other."""
        return Inventory(
            containers={key: name for key, name in self.containers.items() if key not in other.containers},
            volumes={key: name for key, name in self.volumes.items() if key not in other.volumes},
            networks={key: name for key, name in self.networks.items() if key not in other.networks},
        )

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.containers) + len(self.volumes) + len(self.networks)

    def __str__(self) -> str:
        """Return one line for people."""
        held = {"containers": self.containers, "volumes": self.volumes, "networks": self.networks}
        return "; ".join(f"{kind} {sorted(names.values())}" for kind, names in held.items() if names) or "nothing"

    @property
    def names(self) -> dict[str, frozenset[str]]:
        """Return the names by kind."""
        return {
            "containers": frozenset(self.containers.values()),
            "volumes": frozenset(self.volumes.values()),
            "networks": frozenset(self.networks.values()),
        }

    @property
    def identities(self) -> dict[str, frozenset[str]]:
        """Return what stays the same unless an object is replaced, even if data is written.

        A volume's time of creation is that of its folder, which a new file at its top changes as well; a volume that is
        mounted by the same container as before is the same one.
        """
        return {**self.names, "containers": frozenset(self.containers), "networks": frozenset(self.networks)}


def take_inventory(
    engine: DockerClient, *, labels: Mapping[str, str] | None = None, reservations: bool = True
) -> Inventory:
    """List everything on the engine, running or not; with ``labels``, only objects that have all of them.

    ``reservations=False`` leaves out the empty volumes that reserve ports of stacks.
    """
    filters = {"label": [f"{key}={value}" for key, value in (labels or {}).items()]}
    containers = engine.api.containers(all=True, filters=filters)
    volumes = engine.api.volumes(filters=filters)["Volumes"] or []
    networks = engine.api.networks(filters=filters)
    return Inventory(
        # The engine has taken the name of a container that it is about to remove away already.
        containers={item["Id"]: (item["Names"] or [item["Id"]])[0].lstrip("/") for item in containers},
        volumes={
            f"{item['Name']} of {item.get('CreatedAt', '')}": item["Name"]
            for item in volumes
            if reservations or RESERVATION not in (item["Labels"] or {})
        },
        networks={item["Id"]: item["Name"] for item in networks if item["Name"] not in PREDEFINED_NETWORKS},
    )


def assert_same(before: Inventory, after: Inventory) -> None:
    """Fail and name every added or removed object."""
    appeared, vanished = after - before, before - after
    assert not appeared, f"left over on the engine: {appeared}"
    assert not vanished, f"gone from the engine, but there before: {vanished}"
