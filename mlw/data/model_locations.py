"""Where the files of models are: those of the registry, and those that runs have logged."""

from __future__ import annotations

import re

from infra.rules.datastores.default_datastores import ARTIFACT_STORE
from infra.rules.datastores.tracking_artifacts import PREFIX
from mlw.data.data_errors import DataPathError
from mlw.data.data_locations import DataLocation
from mlw.data.data_workspace import DataWorkspace
from mlw.data.datastore_uris import checked_path

TYPES = ("custom_model", "mlflow_model", "triton_model")
_RUN = re.compile(r"runs:/(?P<run>[^/]+)(/(?P<path>.*))?")


def is_model(path: str, type_: str) -> bool:
    """Whether a path means a registered model, or the artifacts of a run."""
    is_reference = path.startswith("azureml:") and not path.startswith("azureml://")
    return bool(_RUN.fullmatch(path)) or (type_ in TYPES and is_reference)


def find(workspace: DataWorkspace, path: str, type_: str, doing: str) -> DataLocation:
    """Find the files of a model.

    Raises:
        DataPathError: The reference is not valid.
        TrackingOffError: The workspace has no tracking server.
        TrackingNotFoundError: There is no such model or run.
    """
    from mlw.tracking import artifacts, registered_models, tracked_runs  # noqa: PLC0415 - only for models

    client, asset = workspace.tracking(doing), ""
    if match := _RUN.fullmatch(path):
        run = tracked_runs.find(client, match["run"])
        below = checked_path(match["path"] or "", doing)
        root = artifacts.root_of(f"{run.artifact_uri}/{below}" if below else run.artifact_uri)
    else:
        name, version = _reference(path, doing)
        found = registered_models.find_version(client, name, version)
        root, asset = registered_models.location_of(client, found), f"azureml:{found.name}:{found.version}"
    return DataLocation(
        type=type_,
        datastore=ARTIFACT_STORE,
        container=workspace.container_of(ARTIFACT_STORE, doing),
        name=f"{PREFIX}/{root}",
        is_folder=_is_folder(workspace, f"{PREFIX}/{root}", doing),
        asset=asset,
    )


def _reference(path: str, doing: str) -> tuple[str, str]:
    text = path.removeprefix("azureml:")
    name, at, label = text.partition("@")
    name, colon, version = (name, "", "") if at else text.partition(":")
    if not name or (at and label != "latest") or (colon and not version) or not (at or colon):
        raise DataPathError(f"{doing}: allowed are azureml:NAME:VERSION and azureml:NAME@latest.")
    return name, version


def _is_folder(workspace: DataWorkspace, name: str, doing: str) -> bool:
    with workspace.using(doing):
        return workspace.blobs.find(workspace.container_of(ARTIFACT_STORE, doing), name) is None
