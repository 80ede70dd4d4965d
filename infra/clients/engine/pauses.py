"""Containers that stand still, so that what they have on disk can be copied as it is at one moment."""

from __future__ import annotations

from collections.abc import Sequence

from infra.clients.engine.docker_engine import connect
from infra.errors import EngineError


def pause(containers: Sequence[str]) -> None:
    """Pause the running ones of these containers, one right after the other.

    Raises:
        EngineError: The engine refuses.
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
                    f"pausing container '{container[:12]}': the engine refuses ({exc.explanation or exc}). Run "
                    "`make up`, then run the command again."
                ) from exc


def resume(containers: Sequence[str]) -> None:
    """Resume the paused ones of these containers; those that are gone are left out."""
    import docker

    with connect() as client:
        for container in containers:
            try:
                if client.api.inspect_container(container)["State"]["Paused"]:
                    client.api.unpause(container)
            except docker.errors.APIError:
                # Gone, or resumed by somebody else at this very moment.
                continue


def resumed(containers: Sequence[str]) -> list[str]:
    """Names of those of these containers that run, and are not paused."""
    with connect() as client:
        found = [client.api.inspect_container(container) for container in containers]
    return [one["Name"].lstrip("/") for one in found if one["State"]["Running"] and not one["State"]["Paused"]]
