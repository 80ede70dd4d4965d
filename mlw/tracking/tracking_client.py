"""A client of MLflow's REST API: one request, one clear error.

It needs nothing of MLflow's own package, which takes a second to import and has 43 packages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from infra.clients.connection_errors import reporting_unreachable
from infra.clients.service_connection import ServiceConnection
from infra.clients.tls import tls_sessions
from infra.errors import ServiceError

if TYPE_CHECKING:
    import requests

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_TIMEOUT_SECONDS = (10.0, 120.0)
_PIECE_BYTES = 1 << 18
_PAGE_ROWS = 1000


class TrackingAccessError(ServiceError):
    """The login is wrong, or its role does not include the operation."""


class TrackingNotFoundError(ServiceError):
    """There is no such experiment, run, model or artifact."""


class TrackingRequestError(ServiceError):
    """MLflow does not accept the request, e.g. a filter with an error."""


class TrackingClient:
    """MLflow of one workspace, with the login of the stack or of a principal.

    Args:
        connection: Connection with user name and password.
    """

    def __init__(self, connection: ServiceConnection) -> None:
        self.endpoint = connection.endpoint
        self._session = tls_sessions.session(connection.ca_certificate)
        self._session.auth = (connection.credentials["username"], connection.credentials["password"])

    def get(self, path: str, doing: str, **parameters: str | int) -> dict[str, Any]:
        """Read something.

        Args:
            path: Path of the API, e.g. ``runs/get``.
            doing: What is being done, for an error.
            parameters: Parameters of the address.

        Raises:
            TrackingAccessError: The login does not allow it.
            TrackingNotFoundError: It does not exist.
            ServiceError: Any other failure.
        """
        return _document(self._request("GET", f"{API}/{path}", doing, params=parameters))

    def send(self, path: str, doing: str, body: Mapping[str, Any], *, method: str = "POST") -> dict[str, Any]:
        """Send a document, and return what comes back; see :meth:`get`."""
        return _document(self._request(method, f"{API}/{path}", doing, json=dict(body)))

    def search(self, path: str, doing: str, key: str, body: Mapping[str, Any], *, limit: int) -> list[dict[str, Any]]:
        """Read the pages of a search until there are `limit` entries."""
        found: list[dict[str, Any]] = []
        token = ""
        while len(found) < limit:
            wanted = {**body, "max_results": min(_PAGE_ROWS, limit - len(found))}
            page = self.send(path, doing, {**wanted, **({"page_token": token} if token else {})})
            found += page.get(key) or []
            token = str(page.get("next_page_token") or "")
            if not token:
                break
        return found[:limit]

    def listing(self, folder: str, doing: str) -> list[dict[str, Any]]:
        """Files and folders directly in a folder of the artifact store: `path`, `is_dir`, `file_size`."""
        found = _document(self._request("GET", ARTIFACTS, doing, params={"path": folder}))
        return [dict(one) for one in found.get("files") or []]

    @contextmanager
    def reading(self, artifact: str, doing: str) -> Iterator[tuple[int | None, Iterator[bytes]]]:
        """Open the content of an artifact: its size, if it is known, and its bytes."""
        with (
            self._request("GET", _artifact(artifact), doing, stream=True) as response,
            reporting_unreachable(f"tracking server ({doing})", self.endpoint),
        ):
            size = response.headers.get("Content-Length")
            yield int(size) if size else None, response.iter_content(_PIECE_BYTES)

    def upload(self, artifact: str, file: Path, doing: str) -> None:
        """Write an artifact from a file, without reading it into memory."""
        with file.open("rb") as content:
            # An empty file object would be sent as a body without a length, which servers do not accept.
            data = content if file.stat().st_size else b""
            self._request("PUT", _artifact(artifact), doing, data=data)

    def _request(self, method: str, path: str, doing: str, **options: Any) -> requests.Response:  # noqa: ANN401 - passed on
        with reporting_unreachable(f"tracking server ({doing})", self.endpoint):
            response = self._session.request(
                method, f"{self.endpoint}{path}", timeout=_TIMEOUT_SECONDS, allow_redirects=False, **options
            )
        if response.status_code == HTTPStatus.OK:
            return response
        with response:
            raise _failure(response, f"{doing} in MLflow at {self.endpoint}")


def _artifact(path: str) -> str:
    return f"{ARTIFACTS}/{quote(path)}"


def _document(response: requests.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError as exc:
        raise ServiceError(f"reading a response of MLflow at {response.url}: it is not JSON.") from exc
    return found if isinstance(found, dict) else {}


def _failure(response: requests.Response, doing: str) -> ServiceError:
    status = response.status_code
    kind, advice = _FAILURES.get(status, (ServiceError, "`mlw logs STACK tracking` shows the log of the service."))
    message = _message(response)
    message = f"{message} " if message.endswith((".", "!", "?")) else f"{message}. "
    return kind(f"{doing}: HTTP {status}: {message}{advice}".rstrip())


def _message(response: requests.Response) -> str:
    try:
        found = response.json()
    except ValueError:
        found = None
    text = str(found.get("message") or "") if isinstance(found, dict) else ""
    return " ".join((text or HTTPStatus(response.status_code).phrase).split())


_FAILURES: Mapping[int, tuple[type[ServiceError], str]] = {
    400: (TrackingRequestError, ""),
    401: (
        TrackingAccessError,
        "The login is not accepted. Passwords change when credentials are rotated: `mlw run` and `mlw keys show` "
        "use the present ones.",
    ),
    403: (TrackingAccessError, "`mlw roles list` shows what each role includes."),
    404: (TrackingNotFoundError, ""),
}
"""Status to the error and what to do."""
