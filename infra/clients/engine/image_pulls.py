"""Images that the engine has, or pulls."""

from __future__ import annotations

from collections.abc import Mapping

from infra.clients.engine import docker_engine
from infra.errors import ImageMissingError

PULL_SECONDS = 600.0
"""Timeout between two messages of the engine."""


def provide(
    reference: str, login: Mapping[str, str] | None = None, *, connect: docker_engine.Connect = docker_engine.connect
) -> bool:
    """Make sure that the engine has an image; returns whether it was pulled.

    Args:
        reference: The image.
        login: ``username`` and ``password`` of its registry; None to pull without.
        connect: Connects to the engine.

    Raises:
        ImageMissingError: The engine does not have it and cannot pull it; quotes the engine.
    """
    import docker

    with connect(timeout_seconds=PULL_SECONDS) as client:
        try:
            client.images.get(reference)
        except docker.errors.ImageNotFound:
            pass
        else:
            return False
        try:
            said = list(
                client.api.pull(reference, stream=True, decode=True, auth_config=dict(login) if login else None)
            )
        except docker.errors.APIError as exc:
            said = [{"error": exc.explanation or str(exc)}]
        if errors := [str(one["error"]) for one in said if "error" in one]:
            raise ImageMissingError(
                f"pulling the image '{reference}': the engine does not have it, and cannot pull it: "
                f"{errors[-1].strip()}. Load it with `docker load`, or use an image of the workspace's registry or of "
                "docs/environments.md."
            )
    return True
