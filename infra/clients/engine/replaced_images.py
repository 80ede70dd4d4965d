"""Replaced images of services, removed as soon as no container uses them.

The bootstrap removes images that it replaces. An image that a container still uses is kept until an update replaces the
container; the bootstrap records its id, so that the engine is queried only if there is such an image.
"""

from __future__ import annotations

import contextlib

from infra.clients.engine.docker_engine import connect
from infra.host import atomic_files, folders


def remove_replaced() -> None:
    """Remove the recorded images that are neither used nor tagged."""
    file = folders.replaced_images()
    if not file.exists():
        return
    import docker

    waiting = []
    with connect() as client:
        for identity in file.read_text().split():
            try:
                if not client.images.get(identity).tags:
                    client.api.remove_image(identity)
            except docker.errors.NotFound:
                continue
            except docker.errors.APIError:
                waiting.append(identity)  # a container uses it
    if waiting:
        atomic_files.write(file, "\n".join(waiting))
    else:
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
