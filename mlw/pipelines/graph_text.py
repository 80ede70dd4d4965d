"""The graph of a pipeline as text: each step below the one that it waits for longest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawnStep:
    """A step as it is drawn.

    Attributes:
        after: Names of the steps that it waits for.
        notes: What is shown next to it, e.g. status and duration.
    """

    name: str
    after: Sequence[str] = ()
    notes: Sequence[str] = ()


def draw(steps: Sequence[DrawnStep]) -> list[str]:
    """Draw steps, which come in an order in which they can run."""
    depths: dict[str, int] = {}
    below: dict[str, list[DrawnStep]] = {"": []}
    for step in steps:
        parent = max(step.after, key=depths.__getitem__, default="")
        depths[step.name] = depths[parent] + 1 if parent else 0
        below[step.name] = []
        below[parent].append(step)
    drawn = list(_lines(below, "", ""))
    width = max((len(text) for text, _ in drawn), default=0)
    columns = _column_widths([step.notes for _, step in drawn])
    return [_line(text.ljust(width), step, columns) for text, step in drawn]


def _lines(below: Mapping[str, Sequence[DrawnStep]], parent: str, indent: str) -> Iterator[tuple[str, DrawnStep]]:
    children = below[parent]
    for step in children:
        is_last = step is children[-1]
        elbow = ("└─ " if is_last else "├─ ") if parent else ""
        rest = ("   " if is_last else "│  ") if parent else ""
        others = [name for name in step.after if name != parent]
        also = f" (+ {', '.join(others)})" if others else ""
        yield f"{indent}{elbow}{step.name}{also}", step
        yield from _lines(below, step.name, indent + rest)


def _column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    most = max((len(row) for row in rows), default=0)
    return [max(len(row[place]) for row in rows if place < len(row)) for place in range(most)]


def _line(text: str, step: DrawnStep, columns: Sequence[int]) -> str:
    notes = (note.ljust(columns[place]) for place, note in enumerate(step.notes))
    return "  ".join((text, *notes)).rstrip()
