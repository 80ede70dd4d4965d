"""Results as text for people: cells by their unit, numbers aligned right, the range above the table."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlw.insights.insights_report import Column, Unit
from mlw.output import table

if TYPE_CHECKING:
    from mlw.insights.client import QueryResult

NOTHING = "-"
_LEFT = {Unit.TEXT, Unit.TIME, Unit.FLAG}
_CONTROL = {*range(0x20), *range(0x7F, 0xA0)}
_ESCAPES = {code: " " if chr(code).isspace() else "?" for code in _CONTROL}
"""Telemetry is what anyone sends: it must not control a terminal."""


def report_table(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> str:
    """Lay out the rows of a report."""
    cells = [[format_value(value, column.unit) for value, column in zip(row, columns, strict=True)] for row in rows]
    ids = [number for number, column in enumerate(columns) if column.is_id]
    titles, is_left = [column.title for column in columns], [column.unit in _LEFT for column in columns]
    return aligned_table(titles, cells, is_left, whole=ids)


def result_table(result: QueryResult) -> str:
    """Lay out the rows of any query: numbers as they are."""
    is_left = [
        not all(isinstance(row[number], int | float) or row[number] is None for row in result.rows)
        for number in range(len(result.columns))
    ]
    return aligned_table(list(result.columns), [[_plain(value) for value in row] for row in result.rows], is_left)


def aligned_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], is_left: Sequence[bool], whole: Collection[int] = ()
) -> str:
    """A table of which some columns are aligned right, and some are never wrapped."""
    lines = [headings, *rows]
    widths = [max(len(line[number]) for line in lines) for number in range(len(headings))]
    aligned = [
        [cell if left else cell.rjust(width) for cell, left, width in zip(line, is_left, widths, strict=True)]
        for line in lines
    ]
    return table(aligned[0], aligned[1:], whole=whole)


def format_value(value: object, unit: Unit) -> str:
    """Write a value of a column."""
    if value is None:
        return NOTHING
    return _FORMATS.get(unit, _plain)(value)


def format_milliseconds(value: float) -> str:
    """Write a duration with three digits or so, e.g. ``0.42 ms``, ``12.5 ms``, ``3.21 s``."""
    for limit, digits in ((1, 2), (100, 1), (1000, 0)):
        if value < limit:
            return f"{value:.{digits}f} ms"
    seconds = value / 1000
    return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s"  # noqa: PLR2004 - digits that people read


def format_moment(text: object) -> str:
    """Write a time in UTC to the millisecond, without the zone: the line above the table has it."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return _plain(text)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else _plain(value)


def _measured(value: object) -> str:
    return format_milliseconds(value) if isinstance(value, int | float) else _plain(value)


def _flag(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _plain(value)


def _plain(value: object) -> str:
    if value is None:
        return NOTHING
    return one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def one_line(text: str) -> str:
    """Text without line breaks and other control characters."""
    return text.translate(_ESCAPES)


_FORMATS: Mapping[Unit, Callable[[Any], str]] = {
    Unit.TIME: format_moment,
    Unit.FLAG: _flag,
    Unit.MILLISECONDS: _measured,
    Unit.PERCENT: _number,
    Unit.PER_MINUTE: _number,
    Unit.PER_SECOND: _number,
    Unit.VALUE: _number,
}
