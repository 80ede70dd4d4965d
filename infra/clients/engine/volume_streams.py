"""Whole volumes as streams of tar: out of the container that uses them, and into new ones.

Reading needs no container of its own: the engine hands out a folder of any container, running, paused or ended. A new
volume is filled through a container that is made and never started. Owners, permissions and times stay, also those of
the volume's own folder: it is the only entry at the top of the tar.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.clients.engine.docker_engine import connect
from infra.clients.engine.volume_writer import Carrier
from infra.errors import EngineError, ForeignObjectError
from infra.labels import ID, describe_owner

if TYPE_CHECKING:
    import docker

STREAM_SECONDS = 600
"""How long the engine may take between two pieces of a stream, the end of writing included."""

_PARENT = "/archived"
"""No image has it, so that nothing of an image gets into a new volume."""


@dataclass(frozen=True, slots=True)
class MountedVolume:
    """A volume, and where in which container it can be read."""

    name: str
    container: str
    path: str


def mounted_volumes(containers: Iterable[str]) -> list[MountedVolume]:
    """Volumes that containers use.

    Args:
        containers: Names or ids; those that are gone are left out.
    """
    import docker

    found: dict[str, MountedVolume] = {}
    with connect() as client:
        for container in containers:
            try:
                details = client.api.inspect_container(container)
            except docker.errors.NotFound:
                continue
            for mount in details["Mounts"]:
                if mount["Type"] == "volume":
                    found[mount["Name"]] = MountedVolume(mount["Name"], details["Id"], mount["Destination"])
    return list(found.values())


def read_volume(volume: MountedVolume) -> Generator[bytes]:
    """All of a volume as a tar; to be closed by whoever does not read it to its end.

    Raises:
        EngineError: The engine refuses.
    """
    import docker

    with connect(timeout_seconds=STREAM_SECONDS) as client:
        try:
            chunks, _ = client.api.get_archive(volume.container, volume.path)
            yield from chunks
        except docker.errors.APIError as exc:
            raise _refused(f"reading volume '{volume.name}'", exc) from exc


def fill_new_volume(name: str, content: Iterable[bytes], *, folder: str, labels: Mapping[str, str], image: str) -> None:
    """Make a volume and put a tar into it.

    Args:
        name: Name of the volume.
        content: The tar.
        folder: Name of the folder at its top, which is the volume itself.
        labels: Of the volume, and of the container that it is filled through, in case a kill leaves that.
        image: Any image that is there.

    Raises:
        ForeignObjectError: There is a volume of that name with another identity; nothing was written.
        EngineError: The engine refuses, e.g. since its disk is full.
    """
    import docker

    carrier = Carrier(image=image, labels=labels)
    with connect(timeout_seconds=STREAM_SECONDS) as client:
        try:
            # The engine gives the volume that is there to whoever asks for one of its name.
            made = client.api.create_volume(name, labels=dict(labels))
            if (made.get("Labels") or {}).get(ID) != labels[ID]:
                raise ForeignObjectError(
                    f"making volume '{name}': there is one of that name, {describe_owner(made.get('Labels') or {})}. "
                    "Nothing was written to it."
                )
            _fill(client, {name: {"bind": f"{_PARENT}/{folder}", "mode": "rw"}}, content, carrier)
        except docker.errors.APIError as exc:
            raise _refused(f"filling volume '{name}'", exc) from exc


def _fill(
    client: docker.DockerClient, binds: dict[str, Mapping[str, str]], content: Iterable[bytes], carrier: Carrier
) -> None:
    host = client.api.create_host_config(
        binds=binds, network_mode="none", cap_drop=["ALL"], security_opt=["no-new-privileges:true"]
    )
    created = client.api.create_container(
        carrier.image, ["-c", "true"], entrypoint=["/bin/sh"], host_config=host, labels=dict(carrier.labels)
    )
    try:
        # requests takes an iterator for a stream; a list would be a form.
        client.api.put_archive(created["Id"], _PARENT, iter(content))
    finally:
        client.api.remove_container(created["Id"], v=False, force=True)


def _refused(doing: str, exc: docker.errors.APIError) -> EngineError:
    return EngineError(
        f"{doing}: the engine refuses ({exc.explanation or exc}). Free space if its disk is full, then run "
        "the command again."
    )
