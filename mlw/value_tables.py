"""Tables and tab-separated lines made from any data: a list has a line for each entry, one object a line for each key.

Values in a cell are written as in JSON, without the quotes of a string; a missing one is empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from mlw.output import table

_ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})


def to_table(data: object) -> str:
    """Lay out data for people."""
    if isinstance(data, dict):
        return table(("KEY", "VALUE"), list(_flattened(data)))
    if not isinstance(data, list):
        return _cell(data)
    if data and all(isinstance(row, dict) for row in data):
        keys = _keys(data)
        return table([key.upper() for key in keys], [[_field(row.get(key)) for key in keys] for row in data])
    if data and all(isinstance(row, list) for row in data):
        width = max(len(row) for row in data)
        headings = [f"COLUMN {number}" for number in range(1, width + 1)]
        return table(headings, [[_field(cell) for cell in [*row, *[None] * (width - len(row))]] for row in data])
    return table(("VALUE",), [[_field(row)] for row in data])


def to_tsv(data: object) -> str:
    """Write data for programs: one line for each entry of a list, no headings; a single value as it is."""
    if not isinstance(data, list | dict):
        return _cell(data)
    rows = data if isinstance(data, list) else [data]
    keys = _keys([row for row in rows if isinstance(row, dict)])
    return "\n".join("\t".join(_field(cell) for cell in _cells(row, keys)) for row in rows)


def _cells(row: object, keys: Sequence[str]) -> list[object]:
    if isinstance(row, dict):
        return [row.get(key) for key in keys]
    return row if isinstance(row, list) else [row]


def _keys(rows: Sequence[dict[str, object]]) -> list[str]:
    """Keys of all rows, in the order in which they come first."""
    return list(dict.fromkeys(key for row in rows for key in row))


def _flattened(data: dict[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, dict) and value:
            yield from _flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _field(value)


def _field(value: object) -> str:
    """A cell that stays on its line."""
    return _cell(value).translate(_ESCAPES)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
