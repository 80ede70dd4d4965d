"""Application insights that return what a test prepared, and note what they were asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.errors import MlWorkspaceError
from mlw.insights.client import QueryResult
from mlw.insights.reports import REPORTS
from mlw.insights.time_ranges import TimeRange

Row = Mapping[str, Any]


@dataclass
class FakeInsights:
    """Results by report.

    Attributes:
        rows: Name of a report to its rows; a column that a row does not have is null.
        asked: Each query with its range and its limit.
        is_truncated: Whether every result has more rows.
        shift: The range of results, if another than asked for.
        failure: Raised by the next query.
    """

    rows: dict[str, Sequence[Row]] = field(default_factory=dict)
    asked: list[tuple[str, TimeRange, int | None]] = field(default_factory=list)
    is_truncated: bool = False
    shift: TimeRange | None = None
    failure: MlWorkspaceError | None = None

    def query(self, sql: str, time_range: TimeRange, *, maximum_rows: int | None = None) -> QueryResult:
        self.asked.append((sql, time_range, maximum_rows))
        if self.failure:
            raise self.failure
        texts = {name: report.query(time_range, maximum_rows or 0) for name, report in REPORTS.items()}
        name = next((name for name, text in texts.items() if _same(text, sql)), "")
        rows = self.rows.get(name, ())
        columns = [column.name for column in REPORTS[name].columns] if name else list(rows[0]) if rows else []
        values = [[row.get(column) for column in columns] for row in rows]
        types = ["string"] * len(columns)
        return QueryResult(columns, types, values, self.shift or time_range, self.is_truncated)


def _same(report: str, sql: str) -> bool:
    """Whether a query is that of a report, with or without conditions."""
    lines = report.splitlines()
    place = next((number for number, line in enumerate(lines) if line == "where"), len(lines))
    return all(line in sql for line in lines[:place])
