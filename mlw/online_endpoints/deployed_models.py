"""The model of a deployment: found or stored when the deployment is made, read when its containers are."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.blob_streams import BlobStreams
from mlw.assets.asset_references import LATEST, SCHEME
from mlw.jobs.ports import SourceFile
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_records import DeployedModel
from mlw.online_endpoints.serving_files import MLFLOW
from mlw.tracking import artifacts, code_snapshot, registered_models

if TYPE_CHECKING:
    from mlw.tracking.tracking_client import TrackingClient

ANONYMOUS = "azureml_anonymous"
MODEL_FILE = "MLmodel"
"""A folder with it is a model of MLflow."""

_MLFLOW, _CUSTOM, _FOLDER = "mlflow_model", "custom_model", "model"
_SAMPLE = "serving_input_example.json"
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
    model, names = described(path, container, type_=type_)
    folder = path if path.is_dir() else path.parent
    blobs = BlobStreams(connection, container)
    known = dict(blobs.sizes(f"{model.location}/"))
    for name in names:
        size = (folder / name).stat().st_size
        if known.get(f"{model.location}/{name}") != size:
            say(f"uploading '{name}' of the model")
            with (folder / name).open("rb") as content:
                blobs.put(f"{model.location}/{name}", content, size)
    return model


def described(path: Path, container: str = "", *, type_: str) -> tuple[DeployedModel, list[str]]:
    """A model that is not registered, named after the hash of its files, and the names of these.

    Args:
        path: A file or a folder of this machine.
        container: Where its files are stored; empty if they are not.
        type_: See :func:`store`.

    Raises:
        EndpointError: The folder is empty.
    """
    names = _files(path)
    folder = path if path.is_dir() else path.parent
    listed = [code_snapshot.read_file(folder, name) for name in names]
    lines = "".join(f"{one.name}\0{one.digest}\n" for one in listed)
    digest = hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
    is_mlflow = (type_ or _MLFLOW) == _MLFLOW and MODEL_FILE in names
    made = DeployedModel(
        name=f"{ANONYMOUS}_{digest[:16]}", version="1", container=container, location=f"LocalUpload/{digest}",
        folder=path.name if path.is_dir() else "", type=_MLFLOW if is_mlflow else _CUSTOM,
    )  # fmt: skip
    return made, names


def local_files(path: Path, names: Sequence[str], folder: str = "") -> Iterator[SourceFile]:
    """Files of this machine, below the folder that a deployment has them in.

    Args:
        path: A file or a folder.
        names: Of the files in it.
        folder: Name of that folder; empty for none.
    """
    place = path if path.is_dir() else path.parent
    for name in names:
        found = place / name
        yield SourceFile(
            name=f"{folder}/{name}" if folder else name, size=found.stat().st_size, content=_read(found)
        )  # fmt: skip


def local_path(document: Mapping[str, Any]) -> Path:
    """Where the model is that a deployment's file describes itself.

    Raises:
        EndpointError: It is not on this machine.
    """
    path = str(document["model"].get("path") or "")
    if not Path(path).is_absolute():
        raise EndpointError(
            f"reading deployment '{document['name']}': model.path is '{path}'; allowed: a file or a folder of this "
            "machine. Register other models with `mlw model create`, and name them as azureml:NAME:VERSION."
        )
    return Path(path)


def require_servable(name: str, server: str, model: DeployedModel | None) -> None:
    """Reject a model that a deployment cannot serve without a script.

    Raises:
        EndpointError: See above.
    """
    if server == MLFLOW and (model is None or model.type != _MLFLOW):
        raise EndpointError(
            f"reading deployment '{name}': without `code_configuration` the model must be one of MLflow, a folder with "
            f"a file '{MODEL_FILE}', and this one is not. Add a scoring script."
        )


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
    with registered_files(model, connect) as found:
        yield found


@contextmanager
def registered_files(model: DeployedModel, connect: Connect) -> Iterator[Iterator[SourceFile]]:
    """The same of a registered model, in the order of their names."""
    client = connect()
    root, wanted = artifacts.of_location(client, model.location)
    with tempfile.TemporaryDirectory(prefix="mlw-model-") as place:
        folder_here = Path(place)
        artifacts.download(client, root, wanted, folder_here, overwrites=False)
        yield local_files(folder_here, sorted(one.path for one in wanted), model.folder)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while piece := content.read(_PIECE_BYTES):
            yield piece


def sample(model: DeployedModel, connection: ServiceConnection, connect: Connect) -> bytes:
    """A request that MLflow stored with a model (`log_model(input_example=...)`); empty if there is none."""
    if model.container:
        return b"".join(BlobStreams(connection, model.container).pieces(f"{model.location}/{_SAMPLE}") or ())
    client = connect()
    root, found = artifacts.of_location(client, model.location)
    if not any(one.path == _SAMPLE for one in found):
        return b""
    with client.reading(f"{root}/{_SAMPLE}", f"reading the sample of model '{model.name}'") as (_, pieces):
        return b"".join(pieces)


def conda_file(model: DeployedModel, connection: ServiceConnection, connect: Connect) -> Mapping[str, Any]:
    """The environment of a model of MLflow: its own conda file.

    Raises:
        EndpointError: It has none.
    """
    with files(model, connection, connect) as found:
        return conda_of(model, found)


def conda_of(model: DeployedModel, found: Iterable[SourceFile]) -> Mapping[str, Any]:
    """The same, of files that are known.

    Raises:
        EndpointError: There is no conda file among them.
    """
    import yaml  # noqa: PLC0415 - only for a model without an environment

    content = next((b"".join(one.content) for one in found if one.name.endswith("conda.yaml")), b"")
    loaded = yaml.safe_load(content) if content else None
    if not isinstance(loaded, Mapping):
        raise EndpointError(
            f"reading model '{model.name}': it has no 'conda.yaml', which names its packages. Set `environment` in the "
            "file of the deployment."
        )
    return json.loads(json.dumps(loaded))  # type: ignore[no-any-return]
