"""Artifacts of runs and models: listing them, and downloading them below a folder.

They are read through the server's artifact proxy, as MLflow's own clients do, never from the storage account.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import ServiceError
from mlw.tracking.placed_files import target_of, writing
from mlw.tracking.tracking_client import TrackingClient, TrackingNotFoundError

_SCHEME = "mlflow-artifacts:"
_DEEPEST = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """A file or a folder.

    Attributes:
        path: Below the root that was listed, with slashes.
        size: Bytes, if the server says so.
    """

    path: str
    is_folder: bool = False
    size: int | None = None


def root_of(location: str) -> str:
    """The path in the artifact store of a location, e.g. ``mlflow-artifacts:/workspaces/default/1/<run>/artifacts``.

    Raises:
        ServiceError: The artifacts are elsewhere.
    """
    if not location.startswith(_SCHEME):
        raise ServiceError(
            f"reading artifacts at '{location}': they are not in this workspace's artifact store. Use the client of "
            "the service that has them."
        )
    return location.removeprefix(_SCHEME).strip("/")


def listing(client: TrackingClient, root: str, folder: str = "") -> list[Artifact]:
    """What is directly in a folder, the folders first."""
    below = f"{folder}/" if folder else ""
    found = client.listing(f"{root}/{folder}".rstrip("/"), f"listing artifacts in '{folder or '/'}'")
    made = [
        Artifact(path=f"{below}{one['path']}", is_folder=bool(one.get("is_dir")), size=_size(one.get("file_size")))
        for one in found
    ]
    return sorted(made, key=lambda one: (not one.is_folder, one.path))


def _size(value: object) -> int | None:
    return None if value is None else int(str(value))


def files(client: TrackingClient, root: str, folder: str = "", *, depth: int = 0) -> Iterator[Artifact]:
    """All files below a folder."""
    if depth > _DEEPEST:
        raise ServiceError(f"listing artifacts in '{folder}': folders are nested more than {_DEEPEST} times.")
    for one in listing(client, root, folder):
        if one.is_folder:
            yield from files(client, root, one.path, depth=depth + 1)
        else:
            yield one


def named(client: TrackingClient, root: str, path: str) -> list[Artifact]:
    """The file of this path, or all files below the folder of this path.

    Raises:
        TrackingNotFoundError: There is neither.
    """
    if not path:
        return list(files(client, root))
    parent = path.rpartition("/")[0]
    found = next((one for one in listing(client, root, parent) if one.path == path), None)
    if found is None:
        raise TrackingNotFoundError(f"looking for artifact '{path}': no such file or folder.")
    return list(files(client, root, path)) if found.is_folder else [found]


def of_location(client: TrackingClient, root: str) -> tuple[str, list[Artifact]]:
    """The files at a location, which is a folder or one file; with the root that their paths are relative to."""
    found = list(files(client, root))
    if found:
        return root, found
    parent, _, name = root.rpartition("/")
    return parent, [one for one in listing(client, parent) if one.path == name and not one.is_folder]


def download(
    client: TrackingClient,
    root: str,
    wanted: Sequence[Artifact],
    folder: Path,
    *,
    overwrites: bool,
    below: str = "",
) -> list[Path]:
    """Write artifacts below a folder, each complete or not at all.

    Nothing is written if one of them has no place: its name leads out of the folder, or a file exists.

    Args:
        client: Of the workspace.
        root: Path of the artifacts in the store.
        wanted: Which ones.
        folder: Where to.
        overwrites: Whether existing files are replaced.
        below: Name of a folder in it, which comes from the server like the names of the artifacts.

    Raises:
        TargetFileError: One of them has no place.
        ServiceError: A download failed; the files before it are complete.
    """
    names = [f"{below}/{one.path}" if below else one.path for one in wanted]
    targets = [target_of(folder, name, f"downloading '{name}'", overwrites=overwrites) for name in names]
    for one, target in zip(wanted, targets, strict=True):
        _fetch(client, f"{root}/{one.path}", target, f"downloading '{one.path}'")
    return targets


def _fetch(client: TrackingClient, artifact: str, target: Path, doing: str) -> None:
    with client.reading(artifact, doing) as (size, pieces), writing(target) as file:
        written = sum(file.write(piece) for piece in pieces)
        if size is not None and written != size:
            raise ServiceError(f"{doing}: the connection ended after {written} of {size} bytes. Run it again.")
