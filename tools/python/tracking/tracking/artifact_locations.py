"""Where the file is that a request names: paths below the prefix of the artifacts.

Every location is below it: an experiment that was made with another one is refused here too.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from .http_messages import RequestError

SCHEME = "mlflow-artifacts"


def safe_path(path: str) -> str:
    """Return the path, decoded as MLflow decodes it.

    Raises:
        RequestError: It climbs out of the prefix, or names no file.
    """
    from mlflow.exceptions import MlflowException  # noqa: PLC0415
    from mlflow.utils.uri import validate_path_is_safe  # noqa: PLC0415

    try:
        checked = str(validate_path_is_safe(path))
    except MlflowException as exc:
        raise _refused(path) from exc
    if "\\" in checked or any(segment in {"", ".", ".."} for segment in checked.split("/")):
        raise _refused(path)
    return checked


def location_path(uri: str) -> str:
    """The path of an artifact location, as the server has stored it.

    Raises:
        RequestError: It is not one of this server.
    """
    address = urlsplit(uri)
    if address.scheme != SCHEME or not address.path.strip("/"):
        message = f"the location '{uri}' is not on this server; allowed: {SCHEME}:/PATH"
        raise RequestError(HTTPStatus.BAD_REQUEST, "INVALID_PARAMETER_VALUE", message)
    return safe_path(address.path.strip("/"))


def check_new_location(body: bytes) -> None:
    """Check what creates an experiment: its artifacts are on this server, like all others.

    Raises:
        RequestError: It names another location.
    """
    try:
        location = json.loads(body).get("artifact_location")
    except (ValueError, AttributeError):
        return  # MLflow says what is wrong
    if location:
        try:
            location_path(str(location))
        except RequestError as exc:
            message = (
                f"the artifact location '{location}' is not on this server; leave 'artifact_location' out, and the "
                "artifacts are in the storage account of the workspace"
            )
            raise RequestError(HTTPStatus.BAD_REQUEST, "INVALID_PARAMETER_VALUE", message) from exc


def file_of_run(query: dict[str, str]) -> str:
    """The file of `/get-artifact`."""
    from mlflow.server.handlers import _get_tracking_store  # noqa: PLC0415

    run = query.get("run_id") or query.get("run_uuid") or ""
    return _file(lambda: _get_tracking_store().get_run(run).info.artifact_uri, query, "path")


def file_of_model_version(query: dict[str, str]) -> str:
    """The file of `/model-versions/get-artifact`."""
    from mlflow.server.handlers import _get_model_registry_store  # noqa: PLC0415

    name, version = query.get("name", ""), query.get("version", "")
    return _file(lambda: _get_model_registry_store().get_model_version_download_uri(name, version), query, "path")


def file_of_logged_model(model_id: str, query: dict[str, str]) -> str:
    """The file of `/logged-models/{model_id}/artifacts/files`."""
    from mlflow.server.handlers import _get_tracking_store  # noqa: PLC0415

    key = "artifact_file_path"
    return _file(lambda: _get_tracking_store().get_logged_model(model_id).artifact_location, query, key)


def _file(location: Callable[[], str], query: dict[str, str], key: str) -> str:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    path = safe_path(query.get(key, ""))
    try:
        root = location()
    except MlflowException as exc:
        raise RequestError(HTTPStatus(exc.get_http_status_code()), exc.error_code, exc.message) from exc
    return posixpath.join(location_path(root), path)


def _refused(path: str) -> RequestError:
    message = (
        f"the artifact path '{path}' is not valid: it must be relative, without '..', '\\\\', '#' and empty segments"
    )
    return RequestError(HTTPStatus.BAD_REQUEST, "INVALID_PARAMETER_VALUE", message)
