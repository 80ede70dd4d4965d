"""Whole volumes as tar streams: read through the container that uses them, and written to new volumes.

Reading needs no extra container: the engine exports a folder of any container, whether running, paused or exited. A new
volume is filled through a container that is created but never started. Owners, permissions and times are preserved,
including those of the volume's root folder, which is the only top-level entry of the tar.
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
"""Timeout between two chunks of a stream, including the end of writing."""

_PARENT = "/archived"
"""A path that no image has, so that no content of an image is copied to a new volume."""


@dataclass(frozen=True, slots=True)
class MountedVolume:
    """A volume, with a container and the path where it is mounted."""

    name: str
    container: str
    path: str


def mounted_volumes(containers: Iterable[str]) -> list[MountedVolume]:
    """The volumes that containers use.

    Args:
        containers: Names or ids; missing containers are ignored.
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
    """Stream a volume as a tar; close the generator if it is not read to the end.

    Raises:
        EngineError: The engine returned an error.
    """
    import docker

    with connect(timeout_seconds=STREAM_SECONDS) as client:
        try:
            chunks, _ = client.api.get_archive(volume.container, volume.path)
            yield from chunks
        except docker.errors.APIError as exc:
            raise _refused(f"reading volume '{volume.name}'", exc) from exc


def fill_new_volume(name: str, content: Iterable[bytes], *, folder: str, labels: Mapping[str, str], image: str) -> None:
    """Create a volume from a tar.

    Args:
        name: Name of the volume.
        content: The tar.
        folder: Name of its top-level folder, which becomes the volume's root.
        labels: Labels of the volume, and of the container through which it is filled, in case a killed run leaves it.
        image: Any existing image.

    Raises:
        ForeignObjectError: A volume of that name with another identity exists; nothing was written.
        EngineError: The engine returned an error, e.g. because its disk is full.
    """
    import docker

    carrier = Carrier(image=image, labels=labels)
    with connect(timeout_seconds=STREAM_SECONDS) as client:
        try:
            # If the volume exists, the engine returns it instead of failing.
            made = client.api.create_volume(name, labels=dict(labels))
            if (made.get("Labels") or {}).get(ID) != labels[ID]:
                raise ForeignObjectError(
                    f"creating volume '{name}': it already exists ({describe_owner(made.get('Labels') or {})}). "
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
        # requests streams an iterator; it would encode a list as a form.
        client.api.put_archive(created["Id"], _PARENT, iter(content))
    finally:
        client.api.remove_container(created["Id"], v=False, force=True)


def _refused(doing: str, exc: docker.errors.APIError) -> EngineError:
    return EngineError(
        f"{doing}: the engine returned an error ({exc.explanation or exc}). Free space if its disk is full, then run "
        "the command again."
    )
