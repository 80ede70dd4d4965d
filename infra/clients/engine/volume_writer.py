"""Write files to a volume through a temporary container, so that the service's container need not exist.

The engine removes the old file before it writes a new one. That is fine for files that a service reads at start-up.
Files that a running service watches are written next to the old ones and renamed, for which the container runs briefly.

Creating a container, unpacking files in it and removing it starts several processes of the engine. New volumes that
wait for it share one container.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.clients.engine.combining import Combiner
from infra.clients.engine.docker_engine import archive, connect, pack
from infra.errors import EngineError

if TYPE_CHECKING:
    import docker

LIVE = "live"
"""Folder of the files that a running service reloads; only root may write to it."""

_FOLDER, _FOLDERS = "/volume", "/volumes"
_NEW = ".new"
_RENAME = f'for name; do mv -f "{_FOLDER}/{LIVE}/$name{_NEW}" "{_FOLDER}/{LIVE}/$name" || exit 1; done'
_RENAME_SECONDS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Carrier:
    """The temporary container: an existing image, and labels in case a killed run leaves it behind."""

    image: str
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Files:
    """The files of one volume, named as in the volume; see :func:`write`."""

    volume: str
    files: Mapping[str, bytes]
    folders: Sequence[str]
    carrier: Carrier
    owner: tuple[int, int]

    def pack(self, tar: tarfile.TarFile, folder: str) -> None:
        """Add them to a tar, below a folder."""
        files = {f"{folder}/{name}": content for name, content in self.files.items()}
        pack(tar, files, owner=self.owner, folders=[f"{folder}/{name}" for name in self.folders])


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
    named = {**files, **{f"{LIVE}/{name}{suffix}": content for name, content in live.items()}}
    wanted = _Files(volume=volume, files=named, folders=[LIVE] if live else [], carrier=carrier, owner=owner)
    if in_use and live:
        _replace(wanted, list(live))
    else:
        _new_files.run(wanted)


@contextmanager
def _written(wanted: Sequence[_Files]) -> Iterator[None]:
    """Write the files of several volumes through one container, which never runs."""
    folders = {volume: str(number) for number, volume in enumerate(dict.fromkeys(one.volume for one in wanted))}
    mounts = {volume: f"{_FOLDERS}/{folder}" for volume, folder in folders.items()}
    with connect() as client, _made(client, wanted[0].carrier, mounts) as made:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for one in wanted:
                one.pack(tar, folders[one.volume])
        client.api.put_archive(made, _FOLDERS, buffer.getvalue())
        yield


_new_files = Combiner(_written)


def _replace(wanted: _Files, live: Sequence[str]) -> None:
    """Write the files, and rename the live ones from inside the container."""
    with connect() as client, _made(client, wanted.carrier, {wanted.volume: _FOLDER}, renamed=live) as made:
        client.api.put_archive(made, _FOLDER, archive(wanted.files, owner=wanted.owner, folders=wanted.folders))
        _run(client, made, wanted.volume)


@contextmanager
def _made(
    client: docker.DockerClient, carrier: Carrier, folders: Mapping[str, str], *, renamed: Sequence[str] = ()
) -> Iterator[str]:
    """Create the container with volumes in folders, and remove it."""
    host = client.api.create_host_config(
        binds={volume: {"bind": folder, "mode": "rw"} for volume, folder in folders.items()},
        network_mode="none",
        # One that never runs needs it writable: several volumes are filled from the folder above them.
        read_only=bool(renamed),
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
    try:
        yield str(created["Id"])
    finally:
        client.api.remove_container(created["Id"], v=True, force=True)


def _run(client: docker.DockerClient, carrier: str, volume: str) -> None:
    client.api.start(carrier)
    code = client.api.wait(carrier, timeout=_RENAME_SECONDS)["StatusCode"]
    if code:
        said = client.api.logs(carrier).decode(errors="replace").strip()
        raise EngineError(
            f"replacing files on volume '{volume}': exit code {code}, {said!r}. "
            "The old files are unchanged; run the update again."
        )
