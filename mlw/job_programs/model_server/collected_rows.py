"""Inputs and outputs of a model of MLflow as rows, as Azure's data collector writes data frames."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

_TENSORS = ("inputs", "instances")


def input_rows(body: bytes, columns: Sequence[str]) -> list[dict[str, Any]] | None:
    """Rows of a request to MLflow's scoring server; None if it has no table.

    Args:
        body: The request, in MLflow's words.
        columns: Names of the model's columns; empty if its signature has none.
    """
    found = _loaded(body)
    if not isinstance(found, dict):
        return None
    if isinstance(split := found.get("dataframe_split"), dict):
        return _rows(split.get("data"), split.get("columns") or columns)
    if "dataframe_records" in found:
        return _rows(found["dataframe_records"], columns)
    given = next((found[key] for key in _TENSORS if key in found), None)
    if isinstance(given, dict):
        values = [value if isinstance(value, list) else [value] for value in given.values()]
        return [dict(zip(given, row)) for row in zip(*values)]  # noqa: B905 - Python 3.9
    return _rows(given, columns)


def output_rows(body: bytes, columns: Sequence[str]) -> list[dict[str, Any]] | None:
    """Rows of a response, Azure's or MLflow's; None if it has no table."""
    found = _loaded(body)
    return _rows(found["predictions"] if isinstance(found, dict) and "predictions" in found else found, columns)


def _rows(data: Any, columns: Sequence[str]) -> list[dict[str, Any]] | None:  # noqa: ANN401 - JSON
    if not isinstance(data, list):
        return None
    return [_row(one, columns) for one in data]


def _row(one: Any, columns: Sequence[str]) -> dict[str, Any]:  # noqa: ANN401 - JSON
    if isinstance(one, dict):
        return one
    values = one if isinstance(one, list) else [one]
    names = columns if len(columns) == len(values) else [str(number) for number in range(len(values))]
    return dict(zip(names, values))  # noqa: B905 - Python 3.9


def _loaded(body: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(body)
    except ValueError:
        return None
