"""Data of jobs: from the inputs and outputs of a file to what the runner reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlw.assets.asset_references import SCHEME
from mlw.data import data_outputs, web_files
from mlw.data.data_errors import DataPathError
from mlw.data.data_locations import DataLocation, DataType
from mlw.data.data_lookup import location_of_uri, resolve
from mlw.data.data_workspace import DEFAULT, DataWorkspace
from mlw.jobs.command_jobs import BlobLocation, JobInput, JobOutput

MOUNT = "ro_mount"
DATASTORE = "azureml://datastores/"


def input_of(
    workspace: DataWorkspace,
    name: str,
    document: Mapping[str, Any],
    *,
    job: str,
    is_step: bool = False,
    say: Callable[[str], None] = lambda _line: None,
) -> JobInput:
    """Look up the data of an input, upload it if it is local, download it if it is on the web.

    Args:
        workspace: The workspace.
        name: Name of the input.
        document: The input: `path`, `type`, `mode`.
        job: Name of the job, which `${{name}}` in the path stands for.
        is_step: Whether it is a step's, for which an earlier step may write to a path in a datastore.
        say: Gets lines about what is being done.

    Raises:
        DataPathError: The path is not valid, or nothing here can read it.
        DataNotFoundError: There is nothing.
        AssetNotFoundError: There is no such asset.
    """
    values = {"name": job, DEFAULT: workspace.default_datastore}
    path = data_outputs.filled(str(document.get("path") or ""), values, f"reading input '{name}'")
    if is_step and path.startswith(DATASTORE):
        # Without a digest, so that its content is hashed when the step runs.
        place = location_of_uri(workspace, path, str(document.get("type") or DataType.FOLDER), f"looking for '{path}'")
        return _input(place, document, "")
    try:
        found = resolve(workspace, {**document, "path": path}, say=say)
        if found.url:
            asset = found.asset
            found = web_files.stored(workspace, found, say=say)
            return _input(found, document, asset)
    except OSError as exc:
        raise DataPathError(f"reading input '{name}': {exc.strerror} ({exc.filename}).") from exc
    return _input(found, document, found.asset)


def output_of(workspace: DataWorkspace, name: str, document: Mapping[str, Any], *, job: str) -> JobOutput:
    """Where an output is stored, and which asset it becomes.

    Raises:
        DataPathError: The path is not one of a datastore.
        AssetNameError: The name of the asset is not valid.
    """
    data_outputs.check_asset(document, name)
    location = data_outputs.output_location(workspace, document, job=job, output=name)
    asset, version = document.get("name"), document.get("version")
    return JobOutput(
        type=location.type,
        location=as_blob(location) if document.get("path") else None,
        asset="" if not asset else f"{asset}:{version}" if version else str(asset),
    )


def register(workspace: DataWorkspace, asset: str, location: BlobLocation, *, type_: str, job: str) -> BlobLocation:
    """Make a data asset of a stored output.

    Args:
        workspace: The workspace.
        asset: `NAME`, or `NAME:VERSION`.
        location: Where the output is.
        type_: Azure's type.
        job: Name of the job.

    Raises:
        AssetExistsError: The version exists with other content.
    """
    name, _, version = asset.partition(":")
    found = DataLocation(
        type=type_,
        datastore=workspace.datastore_of(location.container),
        container=location.container,
        name=location.name,
        is_folder=location.is_folder,
    )
    record = data_outputs.register_output(workspace, found, name=name, version=version or None, job=job)
    return BlobLocation(
        container=location.container,
        name=location.name,
        is_folder=location.is_folder,
        digest=location.digest,
        asset=record.reference.removeprefix(SCHEME),
    )


def as_blob(location: DataLocation, asset: str = "") -> BlobLocation:
    """What the runner needs of a location."""
    return BlobLocation(
        container=location.container,
        name=location.name,
        is_folder=location.is_folder,
        digest=location.digest,
        asset=(asset or location.asset).removeprefix(SCHEME),
    )


def _input(location: DataLocation, document: Mapping[str, Any], asset: str) -> JobInput:
    return JobInput(
        type=location.type,
        location=as_blob(location, asset),
        mode=str(document.get("mode") or MOUNT),
        folder=str(document.get("folder") or ""),
    )
