"""One operation as a tree of spans, with a bar for the time of each: what called what, and what took the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.host import streams
from mlw.insights.result_text import aligned_table, format_milliseconds, format_moment, one_line
from mlw.output import GAP, terminal_columns

INDENT = "  "
BAR_WIDTH = 40
NAME_WIDTH = 60
"""Characters for names; what is longer ends with `...`."""

Item = Mapping[str, Any]


@dataclass(eq=False)
class Span:
    """A request or a dependency with what it caused.

    Attributes:
        item: The row; None for what has no parent in the result.
        children: Spans that it caused, in the order of their start.
        events: Its exceptions and logs.
    """

    item: Item
    children: list[Span] = field(default_factory=list)
    events: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the waterfall: a span, or an event within it."""

    depth: int
    item: Item
    is_span: bool


def lines_of(items: Sequence[Item]) -> list[Line]:
    """Order the items of an operation: each span, then its events, then what it called.

    A span without a known parent is on the first level, and so are events without a span.
    """
    spans = {item["id"]: Span(item) for item in items if item["id"]}
    roots: list[Span] = []
    alone: list[Item] = []
    for span in spans.values():
        parent = spans.get(span.item["operation_ParentId"])
        (parent.children if parent else roots).append(span)
    for item in items:
        if not item["id"]:
            owner = spans.get(item["operation_ParentId"])
            (owner.events if owner else alone).append(item)
    ordered = list(_walk(roots))
    # Spans that are each other's parents, or their own, have no root.
    seen = {id(line.item) for line in ordered}
    lost = [span.item for span in spans.values() if id(span.item) not in seen]
    return [*ordered, *(Line(0, item, item in lost) for item in (*lost, *alone))]


def _walk(roots: Sequence[Span]) -> Iterator[Line]:
    """Depth first, without recursion: a trace may be deeper than Python's stack."""
    waiting = [(0, span) for span in reversed(roots)]
    while waiting:
        depth, span = waiting.pop()
        yield Line(depth, span.item, is_span=True)
        yield from (Line(depth + 1, event, is_span=False) for event in span.events)
        waiting.extend((depth + 1, child) for child in reversed(span.children))


def draw(items: Sequence[Item]) -> str:
    """Draw the waterfall of an operation that has items."""
    lines = lines_of(items)
    clock = _Clock.of([line.item for line in lines if line.is_span] or items)
    cells = [[_service(line), _code(line), _duration(line), clock.bar(line)] for line in lines]
    headings = ["SERVICE", "CODE", "DURATION", clock.scale()]
    width = _name_width([headings, *cells])
    rows = [[_name(line, width), *row] for line, row in zip(lines, cells, strict=True)]
    return f"{_summary(items, clock)}\n\n{aligned_table(['SPAN', *headings], rows, [True, True, True, False, True])}"


def _name_width(rows: Sequence[Sequence[str]]) -> int:
    """Characters that a terminal has left for names next to the other columns."""
    columns = terminal_columns()
    others = sum(max(len(row[number]) + len(GAP) for row in rows) for number in range(len(rows[0])))
    return NAME_WIDTH if columns is None else max(NAME_WIDTH // 3, min(NAME_WIDTH, columns - others))


def _summary(items: Sequence[Item], clock: _Clock) -> str:
    counts = Counter(item["itemType"] for item in items)
    services = len({item["cloud_RoleName"] for item in items})
    named = [
        _counted(services, "service"),
        *(_counted(counts[kind], word) for kind, word in _WORDS.items() if counts[kind]),
    ]
    started = format_moment(clock.start.isoformat())
    return f"Started {started}, took {format_milliseconds(clock.length)}: {', '.join(named)}."


_WORDS = {"request": "request", "dependency": "dependency", "exception": "exception", "trace": "log record"}


def _counted(count: int, word: str) -> str:
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{count} {word if count == 1 else plural}"


@dataclass(frozen=True, slots=True)
class _Clock:
    """The time that all spans take together, and the bar of one."""

    start: datetime
    length: float
    width: int
    full: str
    empty: str

    @classmethod
    def of(cls, items: Sequence[Item]) -> _Clock:
        start = min(_moment(item) for item in items)
        length = max(_offset(item, start) + (item["duration"] or 0) for item in items)
        columns = terminal_columns() or 0
        full, empty = ("█", "·") if streams.can_write("█·") else ("#", ".")
        return cls(
            start, max(length, 0.001), max(BAR_WIDTH // 2, min(BAR_WIDTH, columns // 3 or BAR_WIDTH)), full, empty
        )

    def scale(self) -> str:
        end = format_milliseconds(self.length)
        return "0".ljust(self.width - len(end)) + end

    def bar(self, line: Line) -> str:
        first = min(int(_offset(line.item, self.start) / self.length * self.width), self.width - 1)
        before = self.empty * max(first, 0)
        if not line.is_span:
            return before + "!" if line.item["itemType"] == "exception" else before + "|"
        cells = max(1, round((line.item["duration"] or 0) / self.length * self.width))
        return (before + self.full * cells)[: self.width].ljust(self.width, self.empty)


def _moment(item: Item) -> datetime:
    return datetime.fromisoformat(item["timestamp"])


def _offset(item: Item, start: datetime) -> float:
    return (_moment(item) - start).total_seconds() * 1000


def _name(line: Line, width: int) -> str:
    item = line.item
    name = str(item["name"] or "")
    if item["itemType"] == "exception":
        name = f"{item['type']}: {name}"
    elif item["itemType"] == "trace":
        name = f"{item['type']} {name}"
    elif item["type"] not in {"", "InProc", None}:
        name = f"{name} ({item['type']})"
    text = INDENT * line.depth + one_line(name)
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _service(line: Line) -> str:
    return one_line(line.item["cloud_RoleName"] or "") if line.is_span else ""


def _code(line: Line) -> str:
    if not line.is_span:
        return ""
    code = one_line(str(line.item["resultCode"] or ""))
    return code if line.item["success"] else f"{code} failed".strip()


def _duration(line: Line) -> str:
    return format_milliseconds(line.item["duration"] or 0) if line.is_span else ""
