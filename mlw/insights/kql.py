"""Queries in KQL, translated to SQL: the optional extra `kql`.

The only module that knows the library. The service sees SQL, so range, rights and limits hold as for any query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from infra.errors import MlWorkspaceError

TABLES = (
    "requests",
    "dependencies",
    "exceptions",
    "traces",
    "customEvents",
    "customMetrics",
    "availabilityResults",
    "spans",
)

_SQL_WORDS = {
    "select", "with", "from", "values", "table", "describe", "summarize", "show", "explain", "pivot", "unpivot",
    "alter", "attach", "call", "copy", "create", "delete", "drop", "export", "import", "insert", "install", "load",
    "pragma", "set", "update",
}  # fmt: skip
"""Also of statements that the service refuses, so that it says so."""

_SKIPPED = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.S)


class KqlError(MlWorkspaceError):
    """A KQL query cannot be translated."""


def is_sql(text: str) -> bool:
    """Whether a query begins as SQL does; KQL begins with a table, `let`, `union` or `print`."""
    skipped = _SKIPPED.match(text)
    begin = text[skipped.end() if skipped else 0 :]
    return re.split(r"\W", begin, maxsplit=1)[0].lower() in _SQL_WORDS


def to_sql(text: str, columns_of: Callable[[str], Sequence[str]]) -> str:
    """Translate a KQL query.

    Args:
        text: The query.
        columns_of: Returns the columns of a table; called for the tables that the query names.

    Raises:
        KqlError: The extra is not installed, or the query cannot be translated.
    """
    try:
        import duckdb_kql  # noqa: PLC0415 - optional, and 0.1 s
    except ImportError as exc:
        raise KqlError(
            f"translating the query {_start(text)}: it does not begin as SQL does (SELECT, WITH, FROM), and KQL needs "
            "the extra 'kql', which is not installed: `pip install 'ml-workspace[kql]'`."
        ) from exc
    named = [table for table in TABLES if re.search(rf"\b{table}\b", text)]
    try:
        return str(
            duckdb_kql.to_sql(text, schema={table: list(columns_of(table)) for table in named}, allow_write=False)
        )
    except duckdb_kql.KqlError as exc:
        message = " ".join(str(exc).split()).rstrip(".")
        raise KqlError(f"translating the query {_start(text)} from KQL: {message}. SQL works, too.") from exc


def _start(text: str) -> str:
    shown = " ".join(text.split())
    return f"'{shown[:57]}...'" if len(shown) > 60 else f"'{shown}'"  # noqa: PLR2004 - characters of an excerpt
