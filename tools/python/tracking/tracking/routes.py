"""Which operation a request needs: the one table of MLflow's routes, `routes.toml`.

What is not in the table is refused for everybody, so that an upgrade of MLflow cannot add a way in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LOGIN = "login"
"""Needs no operation, only a user."""

GRAPHQL = "graphql"
"""The operations depend on the query."""

_ANY_METHOD = "*"


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table."""

    method: str
    path: str
    """Like `/api/2.0/mlflow/logged-models/{model_id}`."""
    operations: tuple[str, ...] = ()
    """One of them is needed; none for a route that is refused."""
    refusal: str = ""
    """Why the route is refused for every user."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of the route."""
        literal = re.sub(r"\\{(\w+)(:path)?\\}", lambda found: ".+" if found[2] else "[^/]+", re.escape(self.path))
        return re.compile(literal, re.DOTALL)


@cache
def table() -> tuple[Route, ...]:
    """All lines, in the order of the file."""
    document = tomllib.loads(Path(__file__).with_name("routes.toml").read_text(encoding="utf-8"))
    return (
        *(
            Route(method, path, operations=tuple(operations.split(" or ")))
            for operations, lines in document["allowed"].items()
            for method, path in _lines(lines)
        ),
        *(
            Route(method, path, refusal=reason)
            for reason, lines in document["refused"].items()
            for method, path in _lines(lines)
        ),
    )


def find(method: str, path: str) -> Route | None:
    """The line of a request; None if there is none. A route without placeholders goes first, as in MLflow."""
    method = "GET" if method == "HEAD" else method
    if path.startswith("/ajax-api/"):
        path = "/api" + path.removeprefix("/ajax-api")
    literal, patterns = _index()
    if route := literal.get((method, path)) or literal.get((_ANY_METHOD, path)):
        return route
    return next((route for route, pattern in patterns if _fits(route, method) and pattern.fullmatch(path)), None)


def _fits(route: Route, method: str) -> bool:
    return route.method in {method, _ANY_METHOD}


@cache
def _index() -> tuple[dict[tuple[str, str], Route], list[tuple[Route, re.Pattern[str]]]]:
    literal = {(route.method, route.path): route for route in table() if "{" not in route.path}
    return literal, [(route, route.pattern) for route in table() if "{" in route.path]


def _lines(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        method, _, path = line.partition(" ")
        yield method, path
