"""Finds the data that an input, or the path of an asset, stands for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlw.assets.asset_references import AssetKind, AssetReference
from mlw.data import job_outputs, model_locations, uploads
from mlw.data.data_errors import DataNotFoundError, DataPathError
from mlw.data.data_locations import DataLocation, DataType, digest_of, is_folder_type
from mlw.data.data_workspace import DataWorkspace
from mlw.data.datastore_uris import SCHEME, DatastoreUri, JobUri, is_web, refuse_elsewhere


def resolve(
    workspace: DataWorkspace, document: Mapping[str, Any], *, say: Callable[[str], None] = lambda _line: None
) -> DataLocation:
    """Find the data of an input; a local path is uploaded.

    Args:
        workspace: The workspace.
        document: The input: `path`, and `type` (by default `uri_folder`).
        say: Gets lines about what is being done.

    Raises:
        DataPathError: The path is not valid, or nothing here can read it.
        DataNotFoundError: There is nothing.
        AssetNotFoundError: There is no such asset.
    """
    path, type_ = str(document.get("path") or ""), str(document.get("type") or DataType.FOLDER)
    doing = f"looking for '{path}'"
    if not path:
        raise DataPathError("looking for the data of an input: it has no path.")
    refuse_elsewhere(path, doing)
    if is_web(path):
        return _web(path, type_, doing)
    if path.startswith(SCHEME) or model_locations.is_model(path, type_):
        found = _location(workspace, path, type_, doing)
        return with_content(workspace, found, doing)
    if path.startswith("azureml:"):
        return _asset(workspace, path, doing)
    return uploads.upload(workspace, Path(path), type_, say=say)


def with_content(workspace: DataWorkspace, location: DataLocation, doing: str) -> DataLocation:
    """Add the hash of the content.

    Raises:
        DataNotFoundError: There is nothing, or a file instead of a folder.
    """
    try:
        return replace(location, digest=digest_of(workspace.files_of(location)))
    except DataNotFoundError:
        other = replace(location, is_folder=not location.is_folder, name=location.name.rstrip("/"))
        if location.name and next(_files(workspace, other), None):
            found, fitting = ("a folder", DataType.FOLDER) if other.is_folder else ("a file", DataType.FILE)
            raise DataNotFoundError(
                f"{doing}: '{location.uri}' is {found}, not {location.type}. Set the type to {fitting}."
            ) from None
        raise DataNotFoundError(
            f"{doing}: there is nothing at '{location.name}' in datastore '{location.datastore}' (container "
            f"'{location.container}')."
        ) from None


def location_of_uri(workspace: DataWorkspace, path: str, type_: str, doing: str) -> DataLocation:
    """The location that a URI of a datastore stands for, whether there is something or not.

    Raises:
        DataPathError: It is not valid.
        DataNotFoundError: There is no such datastore.
    """
    uri = DatastoreUri.parse(path, doing)
    return DataLocation(
        type=type_,
        datastore=uri.datastore,
        container=workspace.container_of(uri.datastore, doing),
        name=uri.path,
        is_folder=is_folder_type(type_),
    )


def _files(workspace: DataWorkspace, location: DataLocation) -> Any:  # noqa: ANN401 - an iterator that may be empty
    try:
        yield from workspace.files_of(location)
    except DataNotFoundError:
        return


def _location(workspace: DataWorkspace, path: str, type_: str, doing: str) -> DataLocation:
    job = JobUri.parse(path, doing)
    if job:
        return job_outputs.location_of(workspace, job, type_, doing)
    if model_locations.is_model(path, type_):
        return model_locations.find(workspace, path, type_, doing)
    return location_of_uri(workspace, path, type_, doing)


def _asset(workspace: DataWorkspace, path: str, doing: str) -> DataLocation:
    record = workspace.assets.resolve(AssetKind.DATA, AssetReference.parse(path, AssetKind.DATA))
    given, type_ = str(record.document["path"]), str(record.document.get("type", DataType.FOLDER))
    doing = f"{doing} ({given})"
    if is_web(given):
        return replace(_web(given, type_, doing), asset=record.reference)
    return replace(with_content(workspace, _location(workspace, given, type_, doing), doing), asset=record.reference)


def _web(url: str, type_: str, doing: str) -> DataLocation:
    if is_folder_type(type_):
        raise DataPathError(
            f"{doing}: a web address is one file, not {type_}. Set the type to {DataType.FILE}, or copy the files to a "
            "datastore."
        )
    return DataLocation(type=type_, url=url, digest=hashlib.sha256(url.encode()).hexdigest())
