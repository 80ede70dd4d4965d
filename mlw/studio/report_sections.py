"""Reports of application insights in a panel: the query, the rows ready to show, or why there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.errors import MlWorkspaceError
from mlw.insights.access import CREDENTIALS, ENDPOINT, NoQueryRightError
from mlw.insights.client import InsightsClient
from mlw.insights.insights_report import Column, Report, Unit, Value
from mlw.insights.reports import REPORTS
from mlw.insights.time_ranges import TimeRange
from mlw.stacks.stacks import NotUpError
from mlw.studio import formats
from mlw.studio.page_templates import panel_url
from mlw.studio.panel import PanelRequest
from mlw.studio.stack_access import StackAccess

MAXIMUM_ROWS = 200
_NUMBERS = frozenset(Unit) - {Unit.TEXT, Unit.TIME, Unit.FLAG}
_FORMATS: Mapping[Unit, Callable[[Any], str]] = {
    Unit.TIME: formats.moment,
    Unit.COUNT: formats.number,
    Unit.MILLISECONDS: formats.milliseconds,
    Unit.PERCENT: formats.percent,
    Unit.PER_MINUTE: formats.number,
    Unit.PER_SECOND: formats.number,
    Unit.VALUE: formats.number,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One value of a table.

    Attributes:
        href: Where it leads; empty for nowhere.
        is_good: For a flag, whether it is true; None for other values.
    """

    text: str
    href: str = ""
    is_number: bool = False
    is_good: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A report with its result.

    Attributes:
        sql: The query, complete.
        records: The rows by column name; empty after an error.
        cells: The same, to be shown.
        error: Why there are no rows; empty if nothing failed.
    """

    report: Report
    sql: str
    records: Sequence[Mapping[str, Any]] = ()
    cells: Sequence[Sequence[Cell]] = ()
    columns: Sequence[Column] = field(default=())
    is_truncated: bool = False
    error: str = ""

    @property
    def headings(self) -> list[tuple[str, bool]]:
        """Title of each column, and whether it has numbers."""
        return [(column.title.capitalize(), column.unit in _NUMBERS) for column in self.columns]


def insights_of(access: StackAccess) -> InsightsClient:
    """Connect to application insights with the credentials that the page uses.

    Raises:
        NotUpError: The stack was deployed by a version without the query service.
        NoQueryRightError: The principal's role does not allow queries.
    """
    name, endpoint, held = access.stack.name, access.endpoints.get(ENDPOINT), access.credentials.get(CREDENTIALS)
    if not endpoint:
        raise NotUpError(
            f"querying application insights of stack '{name}': its last `up` was by a version that cannot be queried. "
            f"Run `make up STACK={name}`."
        )
    if not held:
        raise NoQueryRightError(
            f"querying application insights as principal '{access.principal}': its role does not allow queries. "
            "`mlw roles list` shows which roles do."
        )
    return InsightsClient(endpoint=endpoint, token=held["token"], ca_certificate=access.stack.ca_certificate)


def section(
    request: PanelRequest,
    name: str,
    filters: Mapping[str, Value | None] | None = None,
    *,
    time_range: TimeRange | None = None,
    rows: int = MAXIMUM_ROWS,
) -> Section:
    """Run a report over the panel's range or another one; an error of the service becomes part of the result."""
    report, used = REPORTS[name], time_range or request.time_range
    sql = report.query(used, rows, **(filters or {}))
    try:
        found = insights_of(request.access).query(sql, used, maximum_rows=rows)
    except MlWorkspaceError as exc:
        return Section(report=report, sql=sql, columns=report.columns, error=str(exc))
    records = found.records()
    cells = [[_cell(request, column, record) for column in report.columns] for record in records]
    return Section(
        report=report, sql=sql, records=records, cells=cells, columns=report.columns, is_truncated=found.is_truncated
    )


def _cell(request: PanelRequest, column: Column, record: Mapping[str, Any]) -> Cell:
    value = record.get(column.name)
    if column.unit is Unit.FLAG:
        words = {None: formats.NOTHING, True: "yes", False: "no"}
        return Cell(text=words[value if value is None else bool(value)], is_good=value)
    shown = _FORMATS.get(column.unit, _text)(value)
    return Cell(text=shown, href=_href(request, column.name, value), is_number=column.unit in _NUMBERS)


def _text(value: object) -> str:
    return formats.NOTHING if value is None or value == "" else str(value)


_LINKS = {
    "example": ("search", "operation_id"),
    "operation_Id": ("search", "operation_id"),
    "operation_Name": ("performance", "operation"),
    "cloud_RoleName": ("performance", "service"),
    "problemId": ("failures", "problem"),
}
"""Column to the panel that shows more about its value, and the parameter for it."""


def _href(request: PanelRequest, column: str, value: object) -> str:
    if column not in _LINKS or not value:
        return ""
    panel, parameter = _LINKS[column]
    return panel_url(request.access.stack.name, panel, **request.range_parameters, **{parameter: str(value)})
