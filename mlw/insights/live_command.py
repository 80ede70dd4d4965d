"""`mlw insights live`: the last minute, again and again."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from infra.host import streams
from mlw.command import DONE, FAILED, FAILURE, INTERRUPTED, command
from mlw.data_output import Format, Output, prints_data
from mlw.insights.insights_report import Report
from mlw.insights.query_options import Question, asks_insights, nothing, print_result
from mlw.insights.report_commands import SERVICE
from mlw.insights.reports import REPORTS
from mlw.insights.result_text import report_table
from mlw.insights.time_ranges import time_range

if TYPE_CHECKING:
    from mlw.insights.client import QueryResult

LENGTH = "1m"
CLEAR = "\x1b[H\x1b[2J"
LEVELS = "▁▂▃▄▅▆▇█"
PLAIN_LEVELS = "_.-=+*%#"


@command(
    examples=("mlw insights live dev", "mlw insights live dev --interval 5", "mlw insights live dev --once -o json"),
    exit_codes={DONE: "printed once", FAILED: FAILURE, INTERRUPTED: "stopped with Ctrl-C"},
)
@asks_insights(has_range=False)
@click.option("--once", is_flag=True, help="Print once and exit.")
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(min=0.5),
    default=2.0,
    help="Pause between two refreshes; the default is 2.",
)
@SERVICE
@prints_data(Format.TABLE, has_json_flag=True)
def live(question: Question, once: bool, interval: float, service: str | None, output: Output) -> int:  # noqa: FBT001 - from Click
    """Show the last 60 seconds: rates, failures, durations; until interrupted.

    On a terminal each refresh replaces the one before; in a pipe they follow each other.
    """
    while True:
        question.range = time_range(offset=LENGTH)
        _show(question, output, service, is_page=not once and output.is_text and sys.stdout.isatty())
        if once:
            return DONE
        sys.stdout.flush()
        time.sleep(interval)


def _show(question: Question, output: Output, service: str | None, *, is_page: bool) -> None:
    report = REPORTS["live"]
    result = question.ask(report, service=service)
    per_second = question.ask(REPORTS["requests-over-time"], service=service).records() if output.is_text else []
    if is_page:
        print(CLEAR, end="")
    print_result(
        output,
        result,
        question.range,
        data=result.records(),
        text=lambda: f"{_table(report, result)}\n\n{_requests(question, per_second)}\n",
    )


def _table(report: Report, result: QueryResult) -> str:
    return report_table(report.columns, result.rows) if result.rows else nothing(report)


def _requests(question: Question, rows: Sequence[dict[str, Any]]) -> str:
    """Requests in each second of the range, as a line of bars."""
    counts = {datetime.fromisoformat(row["timestamp"]): row["count"] for row in rows}
    values = [counts.get(start, 0) for start in question.range.bins()]
    return f"Requests per second, at most {max(values)}:\n{sparkline(values)}"


def sparkline(values: Sequence[float]) -> str:
    """Numbers as bars, the highest as high as a line."""
    levels = LEVELS if streams.can_write(LEVELS) else PLAIN_LEVELS
    highest = max(values, default=0) or 1
    return "".join(levels[round(value / highest * (len(levels) - 1))] for value in values)
