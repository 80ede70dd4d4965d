"""The containers that use a volume or network that cannot be removed, with their owners.

Foreign containers are named, but a message never advises to remove them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import labels

if TYPE_CHECKING:
    import docker


def describe_users(client: docker.DockerClient, kind: str, identity: str) -> str:
    """Name the containers, including stopped ones, that use a ``volume`` or ``network``; empty if there are none."""
    using = client.api.containers(all=True, filters={kind: identity})
    by_owner: dict[str, list[str]] = {}
    for container in using:
        name = container["Names"][0].lstrip("/") if container.get("Names") else container["Id"][:12]
        by_owner.setdefault(labels.describe_owner(container.get("Labels") or {}), []).append(f"container '{name}'")
    if not by_owner:
        return ""
    users = "; ".join(f"{', '.join(sorted(names))} ({owner})" for owner, names in by_owner.items())
    return f" It is used by {users}. Ask the owner to stop using it."
