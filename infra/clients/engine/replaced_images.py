"""Images of services that a newer one has replaced: removed as soon as no container runs on them any more.

The bootstrap removes what it replaces. An image that a container of a running stack still uses has to wait for the
update that makes that container anew; the bootstrap notes its id, so that nothing is asked where nothing waits.
"""

from __future__ import annotations

import contextlib

from infra.clients.engine.docker_engine import connect
from infra.host import atomic_files, folders


def remove_replaced() -> None:
    """Remove the images that wait for it, so far as nobody uses them or has given them a name."""
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
                waiting.append(identity)  # a container runs on it
    if waiting:
        atomic_files.write(file, "\n".join(waiting))
    else:
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
