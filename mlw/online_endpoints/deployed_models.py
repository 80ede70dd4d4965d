"""The model of a deployment: found or stored when the deployment is made, read when its containers are."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.blob_streams import BlobStreams
from mlw.assets.asset_references import LATEST, SCHEME
from mlw.jobs.ports import SourceFile
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_records import DeployedModel
from mlw.tracking import artifacts, code_snapshot, registered_models

if TYPE_CHECKING:
    from mlw.tracking.tracking_client import TrackingClient

ANONYMOUS = "azureml_anonymous"
MODEL_FILE = "MLmodel"
"""A folder with it is a model of MLflow."""

_MLFLOW, _CUSTOM, _FOLDER = "mlflow_model", "custom_model", "model"
_PIECE_BYTES = 1 << 20

Connect = Callable[[], "TrackingClient"]


def store(
    path: Path, connection: ServiceConnection, container: str, *, type_: str, say: Callable[[str], None]
) -> DeployedModel:
    """Store the files of a model that is not registered, in Azure's layout; files that are there already stay.

    Args:
        path: A file or a folder of this machine.
        connection: The storage account with the caller's keys.
        container: Container of the default blob store.
        type_: Azure's type of the model, as its document has it; empty to look.
        say: Gets what is being done.
    """
    names = _files(path)
    folder = path if path.is_dir() else path.parent
    listed = [code_snapshot.read_file(folder, name) for name in names]
    lines = "".join(f"{one.name}\0{one.digest}\n" for one in listed)
    digest = hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
    blobs, location = BlobStreams(connection, container), f"LocalUpload/{digest}"
    known = dict(blobs.sizes(f"{location}/"))
    for name in names:
        size = (folder / name).stat().st_size
        if known.get(f"{location}/{name}") != size:
            say(f"uploading '{name}' of the model")
            with (folder / name).open("rb") as content:
                blobs.put(f"{location}/{name}", content, size)
    is_mlflow = (type_ or _MLFLOW) == _MLFLOW and MODEL_FILE in names
    return DeployedModel(
        name=f"{ANONYMOUS}_{digest[:16]}", version="1", container=container, location=location,
        folder=path.name if path.is_dir() else "", type=_MLFLOW if is_mlflow else _CUSTOM,
    )  # fmt: skip


def _files(path: Path) -> list[str]:
    if path.is_file():
        return [path.name]
    found = sorted(one.relative_to(path).as_posix() for one in path.rglob("*") if one.is_file())
    if not found:
        raise EndpointError(f"storing the model of a deployment: folder '{path}' has no files.")
    return found


def find(reference: str, connect: Connect) -> DeployedModel:
    """Find a registered model.

    Args:
        reference: `azureml:NAME:VERSION`, `azureml:NAME@latest` or the name alone.
        connect: Connects to the tracking server.

    Raises:
        TrackingOffError: The workspace has no registry of models.
        TrackingNotFoundError: There is no such model, or no such version.
    """
    rest = reference.removeprefix(SCHEME)
    name, at, label = rest.partition("@")
    name, _, version = (name, "", "") if at else rest.partition(":")
    if at and label != LATEST:
        raise EndpointError(
            f"looking for model '{reference}': label '{label}' is not known; allowed: azureml:NAME@{LATEST} or "
            "azureml:NAME:VERSION."
        )
    client = connect()
    found = registered_models.find_version(client, name, version)
    location = registered_models.location_of(client, found)
    _, files = artifacts.of_location(client, location)
    is_file = len(files) == 1 and location.endswith(f"/{files[0].path}")
    folder = "" if is_file else found.tags.get(registered_models.FOLDER_TAG) or _folder_of(found.source)
    is_mlflow = any(one.path == MODEL_FILE for one in files)
    return DeployedModel(
        name=found.name, version=found.version, location=location, folder=folder,
        type=_MLFLOW if is_mlflow else _CUSTOM,
    )  # fmt: skip


def _folder_of(source: str) -> str:
    """Name of the folder that was registered: the last one of its path, unless that is MLflow's own."""
    last = source.rstrip("/").rpartition("/")[2]
    return _FOLDER if source.startswith("models:/") or last in {"", "artifacts"} else last


@contextmanager
def files(model: DeployedModel, connection: ServiceConnection, connect: Connect) -> Iterator[Iterator[SourceFile]]:
    """The files of a model, below the folder that a deployment has them in."""
    below = f"{model.folder}/" if model.folder else ""
    if model.container:
        blobs, folder = BlobStreams(connection, model.container), f"{model.location}/"
        yield (
            SourceFile(name=below + name.removeprefix(folder), size=size, content=blobs.pieces(name) or ())
            for name, size in blobs.sizes(folder)
        )
        return
    client = connect()
    root, wanted = artifacts.of_location(client, model.location)
    with tempfile.TemporaryDirectory(prefix="mlw-model-") as place:
        folder_here = Path(place)
        artifacts.download(client, root, wanted, folder_here, overwrites=False)
        yield (
            SourceFile(name=below + one.path, size=(path := folder_here / one.path).stat().st_size, content=_read(path))
            for one in wanted
        )


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while piece := content.read(_PIECE_BYTES):
            yield piece


def conda_file(model: DeployedModel, connection: ServiceConnection, connect: Connect) -> Mapping[str, Any]:
    """The environment of a model of MLflow: its own conda file.

    Raises:
        EndpointError: It has none.
    """
    import yaml  # noqa: PLC0415 - only for a model without an environment

    with files(model, connection, connect) as found:
        content = next((b"".join(one.content) for one in found if one.name.endswith("conda.yaml")), b"")
    loaded = yaml.safe_load(content) if content else None
    if not isinstance(loaded, Mapping):
        raise EndpointError(
            f"reading model '{model.name}': it has no 'conda.yaml', which names its packages. Set `environment` in the "
            "file of the deployment."
        )
    return json.loads(json.dumps(loaded))  # type: ignore[no-any-return]
