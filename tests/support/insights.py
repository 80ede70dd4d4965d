"""An outside client of application insights' queries, over plain HTTP: what the store has kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from tests.support.ca_certificates import ca_file

SECONDS = 30
MAXIMUM_ROWS = 10_000
_MARKER = """->> '$."test.marker"'"""
_MARKERS = {
    "traces": f"SELECT DISTINCT attributes {_MARKER} FROM spans",
    "metrics": f"SELECT DISTINCT customDimensions {_MARKER} FROM customMetrics",
    "logs": f"SELECT DISTINCT customDimensions {_MARKER} FROM traces",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class InsightsClient:
    """A client with one token.

    Attributes:
        url: Address of the store.
        token: Sent as a bearer token unless empty.
        ca_file: File of the CA certificate; None without TLS.
    """

    url: str
    token: str
    ca_file: str | None = None

    def ask(self, sql: str, *, days: int = 1) -> requests.Response:
        """Send a query over the last days; return the response, whatever it is."""
        body = {
            "query": sql,
            "start": (datetime.now(UTC) - timedelta(days=days)).isoformat(),
            "maximumRows": MAXIMUM_ROWS,
        }
        return self.request("POST", "/v1/query", json=body)

    def request(self, method: str, path: str, json: object = None) -> requests.Response:
        """Send any request with the token."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        with requests.Session() as session:
            session.trust_env = False
            verify = self.ca_file or True
            return session.request(
                method, f"{self.url}{path}", headers=headers, verify=verify, json=json, timeout=SECONDS
            )

    def rows(self, sql: str) -> list[list[Any]]:
        """Return all rows of a query, which must succeed."""
        response = self.ask(sql)
        assert response.status_code == requests.codes.ok, response.text
        result = response.json()
        assert not result["truncated"], f"more than {MAXIMUM_ROWS} rows: {sql}"
        (table,) = result["tables"]
        return list(table["rows"])

    def column(self, sql: str) -> list[Any]:
        """Return the only column of a query."""
        return [value for (value,) in self.rows(sql)]

    def markers(self) -> dict[str, set[str]]:
        """Return the markers of the test's signals, by signal."""
        return {signal: set(self.column(sql)) - {None} for signal, sql in _MARKERS.items()}


def insights_client(outputs: Mapping[str, Any], *, token: str | None = None) -> InsightsClient:
    """Make a client of a stack; with the stack's token unless another one is given."""
    own = outputs["credentials"]["insights"]["token"] if token is None else token
    return InsightsClient(url=outputs["endpoints"]["insights"], token=own, ca_file=ca_file(outputs))
