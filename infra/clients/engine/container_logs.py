"""Logs of a container, as text, now or as they come."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from datetime import datetime

from infra.clients.engine import docker_engine
from infra.errors import EngineError

FOLLOWING_SECONDS = 14 * 24 * 3600.0
"""How long a service may log nothing while it is followed; longer ones do not fit into a timeout."""


def read(
    container: str,
    *,
    follow: bool = False,
    since: datetime | None = None,
    tail: int | None = None,
    timestamps: bool = False,
) -> Iterator[str]:
    """Read both streams of a container's log.

    Args:
        container: Name of the container, running or not.
        follow: Wait for more until the container stops.
        since: Leave out older lines.
        tail: Leave out all but the last lines.
        timestamps: Begin each line with its time.

    Raises:
        EngineUnreachableError: The engine does not respond.
        EngineError: The container does not exist, or its log cannot be read.
    """
    import docker

    timeout = FOLLOWING_SECONDS if follow else docker_engine.TIMEOUT_SECONDS
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    with docker_engine.connect(timeout_seconds=timeout) as client:
        try:
            chunks = client.api.logs(
                container,
                stream=True,
                follow=follow,
                since=since.timestamp() if since else None,
                tail="all" if tail is None else tail,
                timestamps=timestamps,
            )
            for chunk in chunks:
                yield decoder.decode(chunk)
        except docker.errors.APIError as exc:
            raise EngineError(
                f"reading the log of container '{container}': the engine returned '{exc.explanation}'. `docker ps -a` "
                "shows whether it exists."
            ) from exc
