"""Publish online endpoints in the running front: a file on its volume, and a command in its container.

The command checks the file, puts it in force without closing a connection, and keeps it for the next start.
"""

from __future__ import annotations

from infra.clients.engine.docker_engine import archive, connect
from infra.errors import EngineError

_PROPOSED = "endpoints.json.new"


def publish(container: str, document: bytes, *, binary: str, folder: str, owner: tuple[int, int]) -> None:
    """Publish a document; when this returns, requests are served as it says.

    Args:
        container: Name of the front's container.
        document: The endpoints, as `tools/go/inference/endpoints` reads them.
        binary: The front's program in the container.
        folder: Its folder, on a volume.
        owner: User and group of its processes.

    Raises:
        EngineError: The container does not run, or the front rejects the document; what was in force stays.
    """
    import docker

    doing = f"publishing online endpoints in container '{container}'"
    with connect() as client:
        try:
            client.api.put_archive(container, folder, archive({_PROPOSED: document}, owner=owner))
            code, output = client.containers.get(container).exec_run([binary, "publish"])
        except docker.errors.NotFound as exc:
            raise EngineError(f"{doing}: the engine has no such container. Run `make up`, which creates it.") from exc
        except docker.errors.APIError as exc:
            raise EngineError(
                f"{doing}: the engine returned '{exc.explanation}'. Start the container with `docker start "
                f"{container}`, and run the command again."
            ) from exc
    if code:
        said = output.decode(errors="replace").strip() if isinstance(output, bytes) else ""
        raise EngineError(f"{doing}: {said or f'exit code {code}'}. The endpoints that were published before stay.")
