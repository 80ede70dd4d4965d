"""Configuration files of the services; `$name` is replaced by a value."""

from __future__ import annotations

from pathlib import Path
from string import Template


def asset(name: str, **values: str) -> str:
    """Read one file and substitute its values.

    Raises:
        KeyError: The file requires a value that is not given.
    """
    text = Path(__file__).with_name(name).read_text()
    return Template(text).substitute(values) if values else text
