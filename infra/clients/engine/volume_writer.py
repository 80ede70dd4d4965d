"""Write files to a volume through a temporary container, so that the service's container need not exist.

The engine removes the old file before it writes a new one. That is fine for files that a service reads at start-up.
Files that a running service watches are written next to the old ones and renamed, for which the container runs briefly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.clients.engine.docker_engine import archive, connect
from infra.errors import EngineError

if TYPE_CHECKING:
    import docker

LIVE = "live"
"""Folder of the files that a running service reloads; only root may write to it."""

_FOLDER = "/volume"
_NEW = ".new"
_RENAME = f'for name; do mv -f "{_FOLDER}/{LIVE}/$name{_NEW}" "{_FOLDER}/{LIVE}/$name" || exit 1; done'
_RENAME_SECONDS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Carrier:
    """The temporary container: an existing image, and labels in case a killed run leaves it behind."""

    image: str
    labels: Mapping[str, str]


def write(
    volume: str,
    files: Mapping[str, bytes],
    live_files: Mapping[str, bytes] | None = None,
    *,
    carrier: Carrier,
    owner: tuple[int, int],
    in_use: bool = False,
) -> None:
    """Write files (mode 0400) to a volume.

    Args:
        volume: Name of the volume.
        files: File name to content, at the top level of the volume.
        live_files: The same for the folder `live`.
        carrier: The temporary container.
        owner: User and group of the files.
        in_use: A service may be reading the live files: each is replaced atomically.

    Raises:
        EngineError: The engine does not answer, or the live files could not be replaced.
    """
    live = live_files or {}
    suffix = _NEW if in_use else ""
    with connect() as client:
        made = _create(client, volume, carrier, list(live) if in_use else [])
        try:
            named = {**files, **{f"{LIVE}/{name}{suffix}": content for name, content in live.items()}}
            packed = archive(named, owner=owner, folders=[LIVE] if live else [])
            client.api.put_archive(made, _FOLDER, packed)
            if in_use and live:
                _run(client, made, volume)
        finally:
            client.api.remove_container(made, v=True, force=True)


def _create(client: docker.DockerClient, volume: str, carrier: Carrier, renamed: list[str]) -> str:
    host = client.api.create_host_config(
        binds={volume: {"bind": _FOLDER, "mode": "rw"}},
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
    )
    created: dict[str, Any] = client.api.create_container(
        carrier.image,
        ["-c", _RENAME, "sh", *renamed],
        entrypoint=["/bin/sh"],
        user="0:0",
        host_config=host,
        labels=dict(carrier.labels),
    )
    return str(created["Id"])


def _run(client: docker.DockerClient, carrier: str, volume: str) -> None:
    client.api.start(carrier)
    code = client.api.wait(carrier, timeout=_RENAME_SECONDS)["StatusCode"]
    if code:
        said = client.api.logs(carrier).decode(errors="replace").strip()
        raise EngineError(
            f"replacing files on volume '{volume}': exit code {code}, {said!r}. "
            "The old files are unchanged; run the update again."
        )
