"""A client of application insights' query API.

The address, the token and the CA certificate are those of the stack's outputs; with a principal, its own token.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from infra.clients.tls import tls_sessions
from infra.errors import ServiceError, ServiceUnreachableError
from mlw.insights.time_ranges import TimeRange, format_time

TIMEOUT_SECONDS = 120.0
"""Longer than the service's own limit, so that its message is what people see."""


class QueryRejectedError(ServiceError):
    """The query is wrong, or does more than read."""


class InsightsAccessError(ServiceError):
    """The token does not allow queries."""


class InsightsBusyError(ServiceError):
    """The service had no time or memory for the query."""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a query.

    Attributes:
        columns: Names, in the order of each row.
        types: Type of each column, as the service calls it.
        rows: JSON values; times as RFC 3339 text.
        range: The range that the service used.
        is_truncated: Whether there are more rows.
    """

    columns: Sequence[str]
    types: Sequence[str]
    rows: Sequence[Sequence[Any]]
    range: TimeRange
    is_truncated: bool

    def records(self) -> list[dict[str, Any]]:
        """Each row by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, kw_only=True, slots=True)
class InsightsClient:
    """A connection to application insights.

    Attributes:
        endpoint: Base URL.
        token: A token with the right to read.
        ca_certificate: CA certificate (PEM); empty for plain HTTP.
    """

    endpoint: str
    token: str = field(repr=False)
    ca_certificate: str = field(default="", repr=False)

    def query(self, sql: str, time_range: TimeRange, *, maximum_rows: int | None = None) -> QueryResult:
        """Run a query over a time range.

        Raises:
            QueryRejectedError: It is not a SELECT, or has an error.
            InsightsAccessError: The token is not accepted.
            InsightsBusyError: It took too much time or memory, or too many run.
            ServiceUnreachableError: No connection.
            ServiceError: Any other failure.
        """
        body: dict[str, Any] = {"query": sql, "start": _exact(time_range.start), "end": _exact(time_range.end)}
        if maximum_rows is not None:
            body["maximumRows"] = maximum_rows
        return self._result(self._call("POST", "/v1/query", body))

    def status(self) -> Mapping[str, Any]:
        """Return what the service stores: rows, bytes, oldest and newest item, what it dropped.

        Raises:
            ServiceError: As for queries.
        """
        return self._call("GET", "/v1/status")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        connection = _connection(self.endpoint, self.ca_certificate)
        try:
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            status, text = response.status, response.read()
        except (OSError, http.client.HTTPException) as exc:
            raise ServiceUnreachableError(
                f"{self._doing}: it does not answer ({type(exc).__name__}). Run `make up`, which starts stopped "
                "services; `mlw diagnose` finds out what is wrong."
            ) from exc
        finally:
            connection.close()
        document = _document(text)
        if status != http.HTTPStatus.OK or document is None:
            raise self._failure(status, document, text)
        return document

    def _failure(self, status: int, document: Mapping[str, Any] | None, text: bytes) -> ServiceError:
        message = _message(document) or text[:200].decode(errors="replace").strip() or "no message"
        message = message if message.endswith(".") else f"{message}."
        kind, advice = _FAILURES.get(status, (ServiceError, "`mlw logs` shows the log of the service."))
        return kind(f"{self._doing}: HTTP {status}: {message} {advice}".rstrip())

    def _result(self, document: Mapping[str, Any]) -> QueryResult:
        try:
            table = document["tables"][0]
            used = {end: datetime.fromisoformat(document["range"][end]) for end in ("start", "end")}
            return QueryResult(
                columns=[column["name"] for column in table["columns"]],
                types=[column["type"] for column in table["columns"]],
                rows=table["rows"],
                range=TimeRange(**used),
                is_truncated=bool(document["truncated"]),
            )
        except (KeyError, IndexError, TypeError, ValueError) as exc:
            raise ServiceError(f"{self._doing}: the response is not a query result ({exc!r}).") from exc

    @property
    def _doing(self) -> str:
        return f"querying application insights at {self.endpoint}"


_FAILURES: Mapping[int, tuple[type[ServiceError], str]] = {
    400: (QueryRejectedError, ""),
    401: (InsightsAccessError, "Tokens change when credentials are rotated; `make up` writes missing ones."),
    403: (InsightsAccessError, "Queries need a token with the right to read."),
    413: (QueryRejectedError, "Shorten the query."),
    429: (InsightsBusyError, "Other queries are running; try again."),
    503: (InsightsBusyError, "Try again; `mlw diagnose` finds out what is wrong."),
    504: (InsightsBusyError, "Choose a shorter time range, e.g. --offset 1h."),
}
"""Status to the error and what to do."""


def _connection(endpoint: str, ca_certificate: str) -> http.client.HTTPConnection:
    address = urlsplit(endpoint)
    if address.scheme == "https":
        tls = tls_sessions.context(ca_certificate)
        return http.client.HTTPSConnection(address.netloc, timeout=TIMEOUT_SECONDS, context=tls)
    return http.client.HTTPConnection(address.netloc, timeout=TIMEOUT_SECONDS)


def _document(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _message(document: Mapping[str, Any] | None) -> str:
    error = (document or {}).get("error")
    return str(error.get("message", "")).strip() if isinstance(error, dict) else ""


def _exact(moment: datetime) -> str:
    return moment.isoformat() if moment.microsecond else format_time(moment)
