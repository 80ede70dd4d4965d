"""What a report is: a title, a query over the tables of application insights, and the columns of its result.

The same report serves a command, a panel of a page, and whoever copies its query: its text is complete SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from string import Template

from infra.errors import MlWorkspaceError
from mlw.insights.time_ranges import TimeRange

Value = str | int | float | bool

MAXIMUM_ROWS = 1000
"""Rows of a result, unless another number is asked for; the service's own default."""


class UnusableFilterError(MlWorkspaceError):
    """A value cannot be searched for, or the report has no such filter."""


class Unit(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    TIME = "time"
    FLAG = "flag"
    COUNT = "count"
    MILLISECONDS = "ms"
    PERCENT = "%"
    PER_MINUTE = "1/min"
    PER_SECOND = "1/s"
    VALUE = "value"
    """A number in a unit of its own, e.g. that of a metric."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result.

    Attributes:
        name: As in the result.
        title: As people read it.
        unit: What its values are.
        is_id: Whether people copy its values, so that they must stay whole.
    """

    name: str
    title: str
    unit: Unit = Unit.TEXT
    is_id: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One report.

    Attributes:
        name: Unique name.
        title: Heading.
        empty: What it means that there are no rows.
        sql: The query, with `$where` for the conditions and, where it needs them, `$minutes` (length of the range),
            `$seconds` (same), `$bin` (width of a bin, in seconds) and `$rows` (number of items).
        columns: Columns of the result, in its order.
        filters: Name of a filter to its condition, with `$value`.
        conditions: Conditions that always hold.
    """

    name: str
    title: str
    empty: str
    sql: str
    columns: Sequence[Column]
    filters: Mapping[str, str]
    conditions: Sequence[str] = ()

    def query(self, time_range: TimeRange, rows: int = MAXIMUM_ROWS, /, **values: Value | None) -> str:
        """Return the complete SQL. The service restricts the tables to the range; the text only has its length.

        Args:
            time_range: The range that the query will be asked for.
            rows: How many rows the service will be asked for. The query itself returns one more, so that the service
                can say that there are more, and does not sort all.
            values: Values of filters; None for those that are not used.

        Raises:
            UnusableFilterError: The report has no such filter, or a value is not text.
        """
        if unknown := sorted(set(values) - set(self.filters)):
            raise UnusableFilterError(
                f"making the query of report '{self.name}': no such filter: {', '.join(unknown)}. Filters: "
                f"{', '.join(sorted(self.filters))}."
            )
        given = {name: literal(value) for name, value in values.items() if value is not None}
        chosen = [Template(self.filters[name]).substitute(value=text) for name, text in given.items()]
        conditions = [*self.conditions, *chosen]
        text = Template(self.sql.strip()).substitute(
            where="\nwhere " + "\n  and ".join(conditions) if conditions else "",
            minutes=f"{time_range.seconds / 60:.6g}",
            seconds=f"{time_range.seconds:.6g}",
            bin=str(time_range.bin_seconds),
            rows=str(rows + 1),
        )
        return text + "\n"


def literal(value: Value) -> str:
    """Write a value as SQL.

    Raises:
        UnusableFilterError: It contains the character NUL.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if "\0" in value:
        raise UnusableFilterError(f"searching for {value!r}: a value cannot contain the character NUL.")
    return "'" + value.replace("'", "''") + "'"
