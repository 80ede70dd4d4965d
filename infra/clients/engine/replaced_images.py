"""Replaced images of services, removed as soon as no container uses them.

The bootstrap removes images that it replaces. An image that a container still uses is kept until an update replaces the
container; the bootstrap records its id, so that the engine is queried only if there is such an image.
"""

from __future__ import annotations

from infra.clients.engine.docker_engine import connect
from infra.host import replaced_image_ids


def remove_replaced() -> None:
    """Remove the recorded images that are neither used nor tagged."""
    if not replaced_image_ids.are_noted():
        return
    import docker

    with connect() as client, replaced_image_ids.changing() as ids:
        waiting: list[str] = []
        for identity in ids:
            try:
                if not client.images.get(identity).tags:
                    client.api.remove_image(identity)
            except docker.errors.NotFound:
                continue
            except docker.errors.APIError:
                waiting.append(identity)  # a container uses it
        ids[:] = waiting
