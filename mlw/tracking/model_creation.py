"""Registers a model: from files of this machine, or from what a run has logged.

MLflow accepts a version only if its files belong to a run or to a logged model. Files of this machine become a logged
model of the experiment `Default`, so that MLflow's own clients can load the version, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.errors import MlWorkspaceError
from mlw.tracking import artifacts, experiments, logged_models, registered_models, tracked_runs
from mlw.tracking.model_file import ModelFileError, ModelSpec, is_local, local_path
from mlw.tracking.registered_models import FOLDER_TAG, PROPERTY, TYPE_TAG, ModelType, ModelVersion
from mlw.tracking.tracking_client import TrackingClient, TrackingNotFoundError, TrackingRequestError
from mlw.tracking.tracking_records import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPERIMENT = "Default"
"""MLflow's own experiment, which every workspace has."""

_OF_RUN = (
    re.compile(r"runs:/(?P<run>[0-9a-f]{32})/(?P<path>.+)"),
    re.compile(r"azureml://jobs/(?P<run>[^/]+)/outputs/artifacts(/paths)?/(?P<path>.+)"),
)
_FORMS = "a local path, runs:/RUN/PATH, or azureml://jobs/RUN/outputs/artifacts/paths/PATH"
_FORBIDDEN_IN_NAMES = re.compile(r"[/:.%\"']")


@dataclass(frozen=True, slots=True)
class _Source:
    """What a version refers to, in MLflow's fields."""

    source: str
    run_id: str = ""
    model_id: str = ""


def create(client: TrackingClient, spec: ModelSpec, say: Callable[[str], None]) -> ModelVersion:
    """Register the next version of a model, and make the model if it does not exist.

    Args:
        client: Of the workspace.
        spec: What to register.
        say: Gets lines about what is being done.

    Raises:
        ModelFileError: The path is wrong.
        TrackingNotFoundError: The run does not exist, or has no such artifact.
        TrackingRequestError: The version exists, or the next one has another number.
    """
    exists = _check_version(client, spec)
    with _source(client, spec, say) as source:
        return _version(client, spec, source, exists=exists)


def create_of_artifacts(client: TrackingClient, spec: ModelSpec, *, source: str, run: str) -> ModelVersion:
    """Register artifacts of a run whose files are known to be there.

    Args:
        client: Of the workspace.
        spec: What to register; its path is not read.
        source: Where the artifacts are, below those of the run.
        run: Id of the run.

    Raises:
        TrackingRequestError: The version exists, or the next one has another number.
    """
    return _version(client, spec, _Source(source, run_id=run), exists=_check_version(client, spec))


def _version(client: TrackingClient, spec: ModelSpec, source: _Source, *, exists: bool) -> ModelVersion:
    if not exists:
        _create_model(client, spec.name)
    body: dict[str, Any] = {
        "name": spec.name,
        "source": source.source,
        "description": spec.description,
        "tags": [{"key": key, "value": value} for key, value in _tags(spec).items()],
        **({"run_id": source.run_id} if source.run_id else {}),
        **({"model_id": source.model_id} if source.model_id else {}),
    }
    doing = f"registering model '{spec.name}'"
    made = ModelVersion.of(client.send("model-versions/create", doing, body)["model_version"])
    if spec.version and made.version != spec.version:
        registered_models.delete(client, made.name, made.version)
        raise TrackingRequestError(
            f"{doing}: MLflow numbers versions itself, and the next one is '{int(made.version) + 1}', not "
            f"'{spec.version}'. Omit the version."
        )
    return made


def _create_model(client: TrackingClient, name: str) -> None:
    try:
        client.send("registered-models/create", f"creating model '{name}'", {"name": name})
    except TrackingRequestError:
        registered_models.find(client, name)  # another job has just made it


def _check_version(client: TrackingClient, spec: ModelSpec) -> bool:
    """Reject a version that exists; returns whether the model exists."""
    try:
        known = [one.version for one in registered_models.versions(client, spec.name)]
    except TrackingNotFoundError:
        known, exists = [], False
    else:
        exists = True
    if spec.version in known:
        raise TrackingRequestError(
            f"registering model '{spec.name}': version '{spec.version}' exists, and versions cannot be changed. Omit "
            "the version to register the next one."
        )
    if spec.version and not spec.version.isdecimal():
        raise TrackingRequestError(
            f"registering model '{spec.name}': version '{spec.version}' is not a whole number. MLflow numbers versions "
            "itself; omit it."
        )
    return exists


def _tags(spec: ModelSpec) -> dict[str, str]:
    properties = {f"{PROPERTY}{key}": value for key, value in spec.properties.items()}
    found = {**spec.tags, **properties, TYPE_TAG: str(spec.type)}
    if is_local(spec.path) and local_path(spec.path).is_dir():
        found[FOLDER_TAG] = local_path(spec.path).resolve().name
    return found


@contextmanager
def _source(client: TrackingClient, spec: ModelSpec, say: Callable[[str], None]) -> Iterator[_Source]:
    """Find what a run has logged, or upload files; the latter are removed again if no version is registered."""
    if not is_local(spec.path):
        yield _of_run(client, spec)
        return
    files = _files(spec)
    model = _logged_model(client, spec)
    try:
        _upload(client, model, files, say)
        yield _Source(model.location, model_id=model.id)
    except BaseException:
        with suppress(MlWorkspaceError):  # the first error is the one to report
            client.send(f"logged-models/{model.id}", f"removing model '{model.id}'", {}, method="DELETE")
        raise


def _of_run(client: TrackingClient, spec: ModelSpec) -> _Source:
    found = next((match for form in _OF_RUN if (match := form.fullmatch(spec.path))), None)
    if found is None:
        raise ModelFileError(f"registering model '{spec.name}': path '{spec.path}' is not {_FORMS}.")
    run, path = tracked_runs.find(client, found["run"]), found["path"].strip("/")
    if _has_artifact(client, run, path):
        return _Source(f"{run.artifact_uri}/{path}", run_id=run.id)
    models = logged_models.of_run(client, run)
    model = next((one for one in reversed(models) if one.name == path), None)
    if model is None:
        shown = ", ".join(one.name for one in models) or "none"
        raise TrackingNotFoundError(
            f"registering model '{spec.name}': run '{run.id}' has no artifact and no logged model '{path}'. Logged "
            f"models: {shown}."
        )
    return _Source(model.location, run_id=run.id, model_id=model.id)


def _has_artifact(client: TrackingClient, run: Run, path: str) -> bool:
    parent = path.rpartition("/")[0]
    found = artifacts.listing(client, artifacts.root_of(run.artifact_uri), parent)
    return any(one.path == path for one in found)


def _logged_model(client: TrackingClient, spec: ModelSpec) -> logged_models.LoggedModel:
    experiment = experiments.find(client, EXPERIMENT)
    name = _FORBIDDEN_IN_NAMES.sub("-", spec.name)
    body = {"experiment_id": experiment.id, "name": name, "model_type": str(spec.type)}
    return logged_models.LoggedModel.of(client.send("logged-models", f"registering model '{spec.name}'", body)["model"])


def _upload(
    client: TrackingClient, model: logged_models.LoggedModel, files: Mapping[str, Path], say: Callable[[str], None]
) -> None:
    root = artifacts.root_of(model.location)
    for number, (artifact, file) in enumerate(files.items(), 1):
        say(f"Uploading {number} of {len(files)}: {artifact}")
        client.upload(f"{root}/{artifact}", file, f"uploading '{artifact}'")
    ready = {"model_id": model.id, "status": "LOGGED_MODEL_READY"}
    client.send(f"logged-models/{model.id}", f"finishing model '{model.id}'", ready, method="PATCH")


def _files(spec: ModelSpec) -> dict[str, Path]:
    """Name in the model and file; a folder's own name is not part of it."""
    path, doing = local_path(spec.path), f"registering model '{spec.name}'"
    if not path.exists():
        raise ModelFileError(f"{doing}: '{path}' does not exist.")
    if spec.type is ModelType.MLFLOW and not (path / "MLmodel").is_file():
        raise ModelFileError(
            f"{doing}: a {ModelType.MLFLOW} is a folder with a file 'MLmodel', and '{path}' has none. Use --type "
            f"{ModelType.CUSTOM} for other models."
        )
    if path.is_file():
        return {path.name: path}
    found = {one.relative_to(path).as_posix(): one for one in sorted(path.rglob("*")) if one.is_file()}
    if not found:
        raise ModelFileError(f"{doing}: folder '{path}' has no files.")
    return found
