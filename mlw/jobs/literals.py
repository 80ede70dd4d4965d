"""Literal values of inputs: their type and the text that a command sees."""

from __future__ import annotations

import json
from collections.abc import Mapping


def literal_type(value: object) -> str:
    """Azure's type of a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "string"


def as_text(value: object) -> str:
    """The text that a command sees; of a mapping JSON."""
    return json.dumps(value) if isinstance(value, Mapping) else str(value)
