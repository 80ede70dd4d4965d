"""`mlw insights logs` and `mlw insights metrics`."""

from __future__ import annotations

import click

from mlw.command import command
from mlw.data_output import Format, Output, prints_data
from mlw.insights.query_options import Question, asks_insights
from mlw.insights.report_commands import EXIT_CODES, SERVICE, show_report
from mlw.insights.reports import REPORTS

SEVERITIES = ("verbose", "information", "warning", "error", "critical")
"""Application Insights' severity levels, from 0."""


@command(
    examples=(
        "mlw insights logs dev",
        "mlw insights logs dev --text 'no such model' --severity warning",
        "mlw insights logs dev --operation-id 4bf92f3577b34da6a3ce929d0e0e4736 --query '[].message' -o tsv",
    ),
    exit_codes=EXIT_CODES,
)
@asks_insights(limit=100)
@click.option("--text", metavar="TEXT", help="Only messages that contain this text, in upper or lower case.")
@click.option(
    "--severity", metavar="LEVEL", type=click.Choice(SEVERITIES), help="At least this: " + ", ".join(SEVERITIES) + "."
)
@click.option("--operation-id", metavar="ID", help="Only logs of this operation (trace id).")
@SERVICE
@prints_data(Format.TABLE, has_json_flag=True)
def logs(question: Question, output: Output, severity: str | None, **filters: str | None) -> int:
    """Show log records, the newest first."""
    level = SEVERITIES.index(severity) if severity else None
    return show_report(question, output, REPORTS["logs"], minimum_severity=level, **filters)


@command(
    examples=("mlw insights metrics dev", "mlw insights metrics dev http.server.request.duration --offset 1h"),
    exit_codes=EXIT_CODES,
)
@asks_insights()
@click.argument("name", metavar="[NAME]", required=False, help="A metric, to show its values over time.")
@SERVICE
@prints_data(Format.TABLE, has_json_flag=True)
def metrics(question: Question, output: Output, name: str | None, service: str | None) -> int:
    """List the metrics, or show the values of one over time.

    The values are averages over intervals that divide the range; a histogram's value is the mean.
    """
    if name is None:
        return show_report(question, output, REPORTS["metrics"], service=service)
    return show_report(question, output, REPORTS["metric-over-time"], name=name, service=service)
