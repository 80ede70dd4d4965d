"""Layout of the application map: services in columns, callers left of what they call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NODE_WIDTH, NODE_HEIGHT = 240, 66
_COLUMN, _ROW, _MARGIN = 400, 100, 16
_LONGEST_NAME = 27


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A service, or something that services call.

    Attributes:
        facts: The row about its own requests; None for what sends no telemetry.
        type: What it is, e.g. ``service`` or ``postgresql``.
    """

    name: str
    type: str
    facts: Mapping[str, Any] | None
    left: int
    top: int

    @property
    def short_name(self) -> str:
        """The name, shortened for the box."""
        return self.name if len(self.name) <= _LONGEST_NAME else f"{self.name[: _LONGEST_NAME - 1]}\u2026"


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """Calls from one node to another.

    Attributes:
        path: Its line.
        x: Where its label is, horizontally.
        y: Likewise, vertically.
    """

    calls: Mapping[str, Any]
    path: str
    x: int
    y: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Map:
    """The whole figure."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    width: int
    height: int


def lay_out(services: Sequence[Mapping[str, Any]], calls: Sequence[Mapping[str, Any]]) -> Map:
    """Place nodes and edges.

    Args:
        services: Rows of the report `map-nodes`.
        calls: Rows of the report `map`.
    """
    facts = {str(row["cloud_RoleName"]): row for row in services}
    types = {str(row["target"]): str(row["type"] or "other") for row in calls} | dict.fromkeys(facts, "service")
    types |= {str(row["source"]): "service" for row in calls}
    columns = _columns(list(types), [(str(row["source"]), str(row["target"])) for row in calls])
    nodes: dict[str, Node] = {}
    for column, names in columns.items():
        for row, name in enumerate(names):
            left, top = _MARGIN + column * _COLUMN, _MARGIN + row * _ROW + (column % 2) * (_ROW // 4)
            nodes[name] = Node(name=name, type=types[name], facts=facts.get(name), left=left, top=top)
    edges = [_edge(row, nodes[str(row["source"])], nodes[str(row["target"])]) for row in calls]
    return Map(
        nodes=list(nodes.values()),
        edges=edges,
        width=max((node.left for node in nodes.values()), default=0) + NODE_WIDTH + _MARGIN,
        height=max((node.top for node in nodes.values()), default=0) + NODE_HEIGHT + _MARGIN,
    )


def _columns(names: Sequence[str], calls: Sequence[tuple[str, str]]) -> dict[int, list[str]]:
    """Column to the nodes in it: the longest way from a node that nothing calls, and not more than there are nodes."""
    column = dict.fromkeys(names, 0)
    for _ in names:  # circles of calls end here
        changed = False
        for source, target in calls:
            wanted = column[source] + 1
            if source != target and column[target] < wanted < len(names):
                column[target], changed = wanted, True
        if not changed:
            break
    used = {number: position for position, number in enumerate(sorted(set(column.values())))}
    found: dict[int, list[str]] = {}
    for name in sorted(names):
        found.setdefault(used[column[name]], []).append(name)
    return dict(sorted(found.items()))


def _edge(row: Mapping[str, Any], source: Node, target: Node) -> Edge:
    forward = target.left > source.left
    x1, y1 = source.left + (NODE_WIDTH if forward else NODE_WIDTH // 2), source.top + NODE_HEIGHT // 2
    x2, y2 = target.left + (0 if forward else NODE_WIDTH // 2), target.top + NODE_HEIGHT // 2
    if not forward:  # around the boxes
        y1, y2 = source.top + NODE_HEIGHT, target.top + NODE_HEIGHT
        bend = max(y1, y2) + _ROW // 4
        path = f"M{x1} {y1}C{x1} {bend} {x2} {bend} {x2} {y2 + 6}"
        return Edge(calls=row, path=path, x=(x1 + x2) // 2, y=bend)
    bend = (x2 - x1) // 2
    path = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2 - 7} {y2}"
    return Edge(calls=row, path=path, x=(x1 + x2) // 2, y=(y1 + y2) // 2 - 12)
