"""Pause containers, so that their data on disk can be copied consistently."""

from __future__ import annotations

from collections.abc import Sequence

from infra.clients.engine.docker_engine import connect
from infra.errors import EngineError


def pause(containers: Sequence[str]) -> None:
    """Pause those of the containers that are running, one after the other.

    Raises:
        EngineError: The engine returned an error.
    """
    import docker

    with connect() as client:
        for container in containers:
            try:
                state = client.api.inspect_container(container)["State"]
                if state["Running"] and not state["Paused"]:
                    client.api.pause(container)
            except docker.errors.APIError as exc:
                raise EngineError(
                    f"pausing container '{container[:12]}': the engine returned an error ({exc.explanation or exc}). "
                    "Run `make up`, then run the command again."
                ) from exc


def resume(containers: Sequence[str]) -> None:
    """Resume those of the containers that are paused; missing ones are ignored."""
    import docker

    with connect() as client:
        for container in containers:
            try:
                if client.api.inspect_container(container)["State"]["Paused"]:
                    client.api.unpause(container)
            except docker.errors.APIError:
                # Removed, or just resumed by someone else.
                continue


def resumed(containers: Sequence[str]) -> list[str]:
    """Names of those of the containers that are running and not paused."""
    with connect() as client:
        found = [client.api.inspect_container(container) for container in containers]
    return [one["Name"].lstrip("/") for one in found if one["State"]["Running"] and not one["State"]["Paused"]]
