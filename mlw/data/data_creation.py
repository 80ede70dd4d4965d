"""Creates data assets: a reference to data that stays where it is, or to files of this machine, which are uploaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlw.assets.asset_records import AssetRecord
from mlw.assets.asset_references import AssetKind, check_name
from mlw.data import data_lookup, uploads
from mlw.data.data_errors import DataError, DataNotFoundError, DataPathError
from mlw.data.data_locations import DataType
from mlw.data.data_workspace import DataWorkspace
from mlw.data.datastore_uris import SCHEME, JobUri, is_web, refuse_elsewhere

_OF_THE_RECORD = frozenset({"$schema", "name", "version", "datastore"})


def create(
    workspace: DataWorkspace, document: Mapping[str, Any], *, say: Callable[[str], None] = lambda _line: None
) -> AssetRecord:
    """Create a version of a data asset.

    Args:
        workspace: The workspace.
        document: As in Azure's YAML: `name`, `version`, `type`, `path`, `description`, `tags`, `properties`, and
            `datastore` that local files are uploaded to.
        say: Gets lines about what is being done.

    Raises:
        DataError: A key is missing.
        DataPathError: The path is not valid, or nothing here can read it.
        AssetExistsError: The version exists with other content.
    """
    name, path = str(document.get("name") or ""), str(document.get("path") or "")
    doing = f"creating data '{name}'"
    for key, value in (("name", name), ("path", path)):
        if not value:
            raise DataError(f"creating data: '{key}' is missing. Set it in the file, or use --{key}.")
    check_name(name, doing)
    type_ = str(document.get("type") or DataType.FOLDER)
    if type_ not in list(DataType):
        raise DataError(f"{doing}: type '{type_}' is not known. Allowed: {', '.join(DataType)}.")
    uri = _uri(workspace, path, type_, datastore=str(document.get("datastore") or ""), say=say)
    kept = {key: value for key, value in document.items() if key not in _OF_THE_RECORD}
    version = document.get("version")
    return workspace.assets.create(
        AssetKind.DATA, name, None if version in (None, "") else str(version), {**kept, "type": type_, "path": uri}
    )


def _uri(workspace: DataWorkspace, path: str, type_: str, *, datastore: str, say: Callable[[str], None]) -> str:
    doing = f"creating data at '{path}'"
    refuse_elsewhere(path, doing)
    if is_web(path):
        return path
    if path.startswith(SCHEME):
        if JobUri.parse(path, doing):
            return data_lookup.resolve(workspace, {"path": path, "type": type_}).uri
        location = data_lookup.location_of_uri(workspace, path, type_, doing)
        try:
            data_lookup.with_content(workspace, location, doing)
        except DataNotFoundError as exc:
            say(f"Note: {exc}")
        return location.uri
    if path.startswith("azureml:"):
        raise DataPathError(f"{doing}: '{path}' is an asset already. Name a path: of this machine, or in a datastore.")
    return uploads.upload(workspace, Path(path), type_, datastore=datastore, say=say).uri
