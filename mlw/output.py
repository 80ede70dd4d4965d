"""Text tables for terminals, and JSON as all commands print it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from infra.host import streams

GAP = "  "


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, indent: str = "") -> str:
    """Lay out rows in columns as wide as their widest cell; no blanks at the ends of lines."""
    lines = [list(headings), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        indent + GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def to_json(value: object) -> str:
    """Write JSON for people and programs; with JSON's own escape sequences where standard output needs any."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if streams.can_write(text) else json.dumps(value, indent=2)
