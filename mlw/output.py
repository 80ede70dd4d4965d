"""Text tables that fit the terminal, and JSON as all commands print it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import zip_longest

from infra.host import streams

GAP = "  "
NARROWEST = 8
"""Characters that a column keeps in a terminal that is too narrow for the table."""


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, indent: str = "", whole: Collection[int] = ()
) -> str:
    """Lay out rows in columns as wide as their widest cell; no blanks at the ends of lines.

    On a terminal that is too narrow the widest columns become narrower and their cells are wrapped.

    Args:
        headings: One for each column.
        rows: Cells.
        indent: Put before each line.
        whole: Columns that are never wrapped, e.g. ids that people copy.
    """
    lines = [list(headings), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    columns = terminal_columns()
    if columns is not None:
        available = columns - len(indent) - len(GAP) * (len(widths) - 1)
        if sum(widths) > available:
            widths = _fitted(widths, available, whole)
            lines = [wrapped for line in lines for wrapped in _wrapped(line, widths)]
    return "\n".join(
        indent + GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def terminal_columns() -> int | None:
    """Width of the terminal; None if standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout and sys.stdout.isatty() else None


def to_json(value: object) -> str:
    """Write JSON for people and programs; with JSON's own escape sequences where standard output needs any."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if streams.can_write(text) else json.dumps(value, indent=2)


def _fitted(widths: Sequence[int], available: int, whole: Collection[int]) -> list[int]:
    """Widths of which the widest have been reduced until all fit, or none can be reduced further."""
    fitted = list(widths)
    elastic = [column for column in range(len(widths)) if column not in whole]
    while sum(fitted) > available and elastic:
        widest = max(elastic, key=fitted.__getitem__)
        if fitted[widest] <= NARROWEST:
            break
        fitted[widest] -= 1
    return fitted


def _wrapped(line: Sequence[str], widths: Sequence[int]) -> Iterator[list[str]]:
    """One line of the table as several, none of its cells wider than its column."""
    import textwrap  # noqa: PLC0415 - only for a terminal that is too narrow

    cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(line, widths, strict=True)]
    for part in zip_longest(*cells, fillvalue=""):
        yield list(part)
