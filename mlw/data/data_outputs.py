"""Where the outputs of jobs are stored, and how they become data assets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from infra.rules.datastores.default_datastores import BLOB_STORE
from mlw.assets.asset_records import AssetRecord, content_digest
from mlw.assets.asset_references import AssetKind, check_name, check_version
from mlw.data import model_locations
from mlw.data.data_errors import DataPathError
from mlw.data.data_locations import DataLocation, DataType, is_folder_type
from mlw.data.data_lookup import location_of_uri
from mlw.data.data_workspace import DEFAULT, DataWorkspace
from mlw.data.datastore_uris import SCHEME
from mlw.jobs import job_paths

_PLACEHOLDER = re.compile(r"\$\{\{\s*([\w.]+)\s*\}\}")


def output_location(workspace: DataWorkspace, document: Mapping[str, Any], *, job: str, output: str) -> DataLocation:
    """Where an output is stored: at its `path`, or in a folder of the job in the default blob store.

    Args:
        workspace: The workspace.
        document: The output: `type` and `path`, with `${{name}}`, `${{output_name}}` and `${{default_datastore}}`.
        job: Name of the job.
        output: Name of the output.

    Raises:
        DataPathError: The path is not one of a datastore.
        DataNotFoundError: There is no such datastore.
    """
    type_, doing = str(document.get("type") or DataType.FOLDER), f"storing output '{output}' of job '{job}'"
    given = document.get("path")
    if not given:
        root = job_paths.default_output(job, output)
        is_folder = is_folder_type(type_)
        return DataLocation(
            type=type_,
            datastore=BLOB_STORE,
            container=workspace.container_of(BLOB_STORE, doing),
            name=root if is_folder else f"{root}/{output}",
            is_folder=is_folder,
        )
    path = filled(str(given), {"name": job, "output_name": output, DEFAULT: workspace.default_datastore}, doing)
    if not path.startswith(SCHEME):
        raise DataPathError(
            f"{doing}: '{given}' is not a path in a datastore. Outputs are stored at "
            "azureml://datastores/NAME/paths/PATH, or, without `path`, in a folder of the job."
        )
    found = location_of_uri(workspace, path, type_, doing)
    if not found.name and not found.is_folder:
        raise DataPathError(f"{doing}: '{given}' names no file.")
    return found


def check_asset(document: Mapping[str, Any], output: str) -> None:
    """Check name and version of an output that becomes an asset, before the job runs.

    Raises:
        AssetNameError: They are not valid.
        DataPathError: MLflow has no such versions.
    """
    doing = f"reading output '{output}'"
    if name := document.get("name"):
        check_name(str(name), doing)
        if version := document.get("version"):
            check_version(str(version), doing)
            if document.get("type") in model_locations.TYPES and not str(version).isdecimal():
                raise DataPathError(
                    f"{doing}: version '{version}' of model '{name}' is not a whole number. MLflow numbers versions "
                    "itself; omit it."
                )


def register_output(
    workspace: DataWorkspace, location: DataLocation, *, name: str, version: str | None = None, job: str = ""
) -> AssetRecord:
    """Make a data asset of a stored output; doing it again for the same job changes nothing.

    Raises:
        AssetExistsError: The version exists with other content.
    """
    document: dict[str, Any] = {"type": location.type, "path": location.uri}
    if job:
        document["properties"] = {"job": job}
    if version is None and job:  # a runner that was killed stores outputs again
        known = workspace.assets.list(AssetKind.DATA, name, "all")
        if made := next((one for one in known if one.digest == content_digest(document)), None):
            return made
    return workspace.assets.create(AssetKind.DATA, name, version, document)


def filled(path: str, values: Mapping[str, str], doing: str) -> str:
    """A path with values in the place of `${{...}}`.

    Raises:
        DataPathError: One of them is not known.
    """

    def value_of(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise DataPathError(
                f"{doing}: '{match[0]}' in '{path}' is not known; allowed: "
                f"{', '.join('${{' + name + '}}' for name in values)}."
            )
        return values[match[1]]

    return _PLACEHOLDER.sub(value_of, path)
