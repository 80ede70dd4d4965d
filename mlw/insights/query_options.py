"""What every command on application insights has: the stack, the time range, the principal, the limit of rows."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from mlw.command_options import STACK
from mlw.data_output import Output
from mlw.insights.insights_report import MAXIMUM_ROWS, Report, UnusableFilterError, Value
from mlw.insights.time_ranges import TimeRange, TimeRangeError, time_range

if TYPE_CHECKING:
    from mlw.insights.client import InsightsClient, QueryResult

_OFFSET = "Length of the time range, e.g. 30m, 1h, 2d, PT1H; it ends now unless a start or end is given. Default: 24h."
_START = "Start of the time range, e.g. 2026-11-29T21:30; UTC unless it has a zone."
_END = "End of the time range; by default now."
_PRINCIPAL = "Query with the token of this principal instead of the stack's own."


LARGEST_LIMIT = 10_000
"""The service returns no more rows at once."""


@dataclass(kw_only=True)
class Question:
    """What is asked, and of whom.

    Attributes:
        stack: Name of the stack.
        range: The time range.
        has_range: Whether the command line gave one.
        principal: Name of a principal; None for the stack itself.
        limit: Maximum number of rows.
    """

    stack: str
    range: TimeRange
    has_range: bool
    principal: str | None
    limit: int

    @functools.cached_property
    def client(self) -> InsightsClient:
        """A connection; the stack's state is read once."""
        from mlw.insights.access import connect  # noqa: PLC0415 - a wrong command line does not need it
        from mlw.stacks.stacks import open_stack  # noqa: PLC0415 - same

        return connect(open_stack(self.stack), self.principal)

    def ask(self, report: Report, **filters: Value | None) -> QueryResult:
        """Run a report."""
        try:
            text = report.query(self.range, self.limit, **filters)
        except UnusableFilterError as exc:
            raise click.UsageError(str(exc), click.get_current_context()) from exc
        return self.ask_sql(text)

    def ask_sql(self, text: str) -> QueryResult:
        """Run a query."""
        return self.client.query(text, self.range, maximum_rows=self.limit)


def asks_insights(
    *, has_range: bool = True, limit: int = MAXIMUM_ROWS
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command its stack and the common options; it gets them as the argument `question`.

    Args:
        has_range: Whether it has options for the time range.
        limit: Maximum number of rows by default.
    """

    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(function)
        def call(*, stack: str, principal: str | None, limit: int, **values: Any) -> int:  # noqa: ANN401 - any command's, from Click
            given = {name: values.pop(name) for name in ("offset", "start_time", "end_time") if name in values}
            question = Question(
                stack=stack, range=_range(**given), has_range=any(given.values()), principal=principal, limit=limit
            )
            return function(question=question, **values)

        decorated: Callable[..., int] = call
        for option in _options(limit, has_range=has_range):
            decorated = option(decorated)
        return decorated

    return decorate


def _options(limit: int, *, has_range: bool) -> Sequence[Callable[[Callable[..., int]], Callable[..., int]]]:
    """In reverse order of the help; the stack comes first on the command line."""
    rows = f"Show at most this many rows; the default is {limit}."
    ranges = (
        click.option("--end-time", metavar="TIME", help=_END),
        click.option("--start-time", metavar="TIME", help=_START),
        click.option("--offset", metavar="LENGTH", help=_OFFSET),
    )
    return (
        click.option("--limit", metavar="ROWS", type=click.IntRange(1, LARGEST_LIMIT), default=limit, help=rows),
        click.option("--principal", metavar="NAME", help=_PRINCIPAL),
        *(ranges if has_range else ()),
        STACK,
    )


def _range(offset: str | None = None, start_time: str | None = None, end_time: str | None = None) -> TimeRange:
    try:
        return time_range(offset=offset, start=start_time, end=end_time)
    except TimeRangeError as exc:
        raise click.UsageError(str(exc), click.get_current_context()) from exc


def notes(result: QueryResult, asked: TimeRange) -> list[str]:
    """The range of the rows, and whether they are all: printed with every result."""
    found = [f"Time range: {result.range}"]
    difference = abs(result.range.start - asked.start) + abs(result.range.end - asked.end)
    if difference > timedelta(seconds=1):
        found.append(f"This is not the range that was asked for, {asked}.")
    if result.is_truncated:
        found.append(f"There are more than these {len(result.rows)} rows; --limit shows more.")
    return found


def print_result(
    output: Output, result: QueryResult, asked: TimeRange, *, data: object, text: Callable[[], str]
) -> None:
    """Print data with the range; as text in one piece, otherwise the range goes to standard error."""
    lines = notes(result, asked)
    if output.is_text:
        print("\n".join(lines), end="\n\n")
    else:
        print("\n".join(lines), file=sys.stderr)
    output.print(data, text)


def nothing(report: Report) -> str:
    """What it means that a report has no rows."""
    return f"Nothing in this range. {report.empty}"


LONGER = " A longer range looks further back, e.g. --offset 30d."
"""For commands that have the option."""
