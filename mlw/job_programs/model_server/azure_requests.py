"""What clients of Azure's endpoints send to a model of MLflow, in the words of MLflow's scoring server, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

INPUT_DATA = "input_data"


def translated(body: bytes, columns: Sequence[str], *, is_tensor: bool) -> tuple[bytes, bool]:
    """The body of a request for MLflow, and whether it was Azure's.

    Args:
        body: As it was sent.
        columns: Names of the model's columns; empty if its signature has none.
        is_tensor: Whether the model takes tensors.
    """
    try:
        given = json.loads(body)
    except ValueError:
        return body, False
    if not isinstance(given, dict) or INPUT_DATA not in given:
        return body, False
    data = given.pop(INPUT_DATA)
    return json.dumps({**given, **_of_mlflow(data, columns, is_tensor=is_tensor)}).encode(), True


def _of_mlflow(data: Any, columns: Sequence[str], *, is_tensor: bool) -> dict[str, Any]:  # noqa: ANN401 - JSON
    if isinstance(data, dict) and "data" in data and "columns" in data:
        return {"dataframe_split": {key: data[key] for key in ("columns", "index", "data") if key in data}}
    if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
        return {"dataframe_records": data}
    if isinstance(data, list) and columns and not is_tensor:
        return {"dataframe_split": {"columns": list(columns), "data": data}}
    return {"inputs": data}


def unwrapped(body: bytes) -> bytes:
    """The predictions alone, as Azure's endpoints return them."""
    try:
        found = json.loads(body)
    except ValueError:
        return body
    return json.dumps(found["predictions"]).encode() if isinstance(found, dict) and "predictions" in found else body
