"""The pinned versions of `versions.toml` as typed values. It is part of the repository, so it is not validated."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("versions.toml")


@dataclass(frozen=True, kw_only=True)
class Go:
    """The Go toolchain."""

    minimum: str
    package: str
    version: str
    sha256: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One tool: where its official release is, and how it is built otherwise."""

    name: str
    title: str
    version: str
    files: tuple[str, ...]
    archive: str
    machines: dict[str, str]
    release: str
    package: str
    stamp: dict[str, str]
    tags: tuple[str, ...] = ()
    scripts_module: str = ""
    scripts: tuple[str, ...] = ()
    plugin: str = ""
    row: dict[str, Any] = field(default_factory=dict, compare=False)
    """The table's row, for the recipe's hash."""


def go() -> Go:
    """The pinned Go toolchain."""
    row = _table()["go"]
    return Go(minimum=row["minimum"], package=row["package"], version=row["version"], sha256=tuple(row["sha256"]))


def tools() -> tuple[Tool, ...]:
    """The pinned tools, in the order of their installation."""
    return tuple(_tool(row) for row in _table()["tools"])


def tool(name: str) -> Tool:
    """One tool by its name."""
    return next(one for one in tools() if one.name == name)


def _tool(row: dict[str, Any]) -> Tool:
    version = row["version"]
    stamp = {variable: value.format(version=version) for variable, value in row["stamp"].items()}
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Tool(**(values | {"stamp": stamp, "row": row}))


@cache
def _table() -> dict[str, Any]:
    with TABLE.open("rb") as file:
        return tomllib.load(file)
