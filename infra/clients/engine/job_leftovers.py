"""What jobs and deployments leave on the engine, and no state knows: containers and volumes, images from the registry.

A stack that is destroyed removes them, whoever destroys it: containers on its network would block that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from infra import labels
from infra.clients.engine.docker_engine import REMOVAL_SECONDS, Connect, connect

_HOST = "127.0.0.1"


def remove_objects(stack_id: str, connect: Connect = connect) -> None:
    """Remove containers and volumes of the jobs and deployments of a stack; a running command is killed.

    Args:
        stack_id: Identity of the stack.
        connect: Connects to the engine.

    Raises:
        EngineUnreachableError: The engine does not respond.
    """
    import docker

    with connect(timeout_seconds=REMOVAL_SECONDS) as client:
        for label in labels.OUTSIDE_THE_STATE:
            own = {"label": [f"{labels.ID}={stack_id}", label]}
            for container in client.api.containers(all=True, filters=own):
                with contextlib.suppress(docker.errors.NotFound):
                    client.api.remove_container(container["Id"], force=True)
            for volume in client.api.volumes(filters=own)["Volumes"] or []:
                with contextlib.suppress(docker.errors.NotFound):
                    client.api.remove_volume(volume["Name"])


def remove_images(ports: Iterable[int], connect: Connect = connect) -> None:
    """Remove the images that the engine has pulled from registries at ports of this machine.

    One that a container uses is left: it is not of a job of this stack.

    Args:
        ports: The ports.
        connect: Connects to the engine.

    Raises:
        EngineUnreachableError: The engine does not respond.
    """
    import docker

    registries = tuple(f"{_HOST}:{port}/" for port in ports)
    with connect(timeout_seconds=REMOVAL_SECONDS) as client:
        for image in client.api.images():
            for reference in {*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())}:
                if reference.startswith(registries):
                    with contextlib.suppress(docker.errors.APIError):
                        client.api.remove_image(reference)
