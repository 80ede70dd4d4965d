"""`mlw insights trace`: one operation, as a waterfall."""

from __future__ import annotations

from datetime import timedelta

import click

from infra.errors import MlWorkspaceError
from mlw.command import DONE, FAILED, command
from mlw.data_output import Format, Output, prints_data
from mlw.insights.query_options import Question, asks_insights, print_result
from mlw.insights.report_commands import EXIT_CODES
from mlw.insights.reports import REPORTS
from mlw.insights.time_ranges import TimeRange
from mlw.insights.waterfall import draw

EVERYTHING = timedelta(days=730)
"""The longest time that application insights can keep items."""


class NoSuchOperationError(MlWorkspaceError):
    """Application insights has no item of an operation."""


@command(
    examples=(
        "mlw insights trace dev 4bf92f3577b34da6a3ce929d0e0e4736",
        "mlw insights trace dev 4bf92f3577b34da6a3ce929d0e0e4736 -o json",
    ),
    exit_codes={**EXIT_CODES, DONE: "printed", FAILED: f"no such operation; or {EXIT_CODES[FAILED]}"},
)
@asks_insights()
@click.argument("operation_id", metavar="ID", help="Operation id (trace id), 32 hexadecimal digits.")
@prints_data(Format.TABLE, text="a waterfall")
def trace(question: Question, operation_id: str, output: Output) -> int:
    """Show one operation: its spans as a waterfall, its exceptions and logs.

    Without a time range it looks in the last 24 hours first, then at everything that is stored.
    """
    report, wanted = REPORTS["trace"], operation_id.strip().lower()
    result = question.ask(report, operation_id=wanted)
    if not result.rows and not question.has_range:
        question.range = TimeRange(question.range.end - EVERYTHING, question.range.end)
        result = question.ask(report, operation_id=wanted)
    if not result.rows:
        advice = " Choose another time range." if question.has_range else " Items appear within seconds of being sent."
        raise NoSuchOperationError(
            f"looking for operation '{operation_id}' in application insights of stack '{question.stack}': nothing "
            f"from {question.range}.{advice}"
        )
    items = result.records()
    print_result(output, result, question.range, data=items, text=lambda: draw(items))
    return DONE
