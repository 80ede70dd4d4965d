"""`mlw insights requests`, `endpoints`, `dependencies`, `failures`, `exceptions`, `availability`, `map`: reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlw.command import DONE, FAILED, FAILURE, command
from mlw.data_output import Format, Output, prints_data
from mlw.insights.insights_report import Report, Value
from mlw.insights.query_options import LONGER, Question, asks_insights, notes, nothing, print_result
from mlw.insights.reports import REPORTS
from mlw.insights.result_text import report_table

if TYPE_CHECKING:
    from mlw.insights.client import QueryResult

EXIT_CODES = {DONE: "printed, also if nothing was found", FAILED: FAILURE}

SERVICE = click.option("--service", metavar="NAME", help="Only this service (`cloud_RoleName`).")
OPERATION = click.option("--operation", metavar="NAME", help="Only this operation, e.g. 'GET /score'.")


def show_report(question: Question, output: Output, report: Report, **filters: Value | None) -> int:
    """Run a report and print it."""
    result = question.ask(report, **filters)
    print_result(output, result, question.range, data=result.records(), text=lambda: text_of(report, result))
    return DONE


def text_of(report: Report, result: QueryResult) -> str:
    """A report's table, or what it means that it has none."""
    return report_table(report.columns, result.rows) if result.rows else nothing(report) + LONGER


@command(
    examples=(
        "mlw insights requests dev",
        "mlw insights requests dev --offset 1h --service scoring",
        "mlw insights requests dev --query '[?failedPercent > `5`].operation_Name' -o tsv",
    ),
    exit_codes=EXIT_CODES,
)
@asks_insights()
@SERVICE
@OPERATION
@prints_data(Format.TABLE, has_json_flag=True)
def requests(question: Question, output: Output, **filters: str | None) -> int:
    """Show requests by operation: rate, failures, durations.

    Requests are SERVER and CONSUMER spans. One failed if its status is ERROR or its HTTP status is 400 or
    more. P50, P95 and P99 are percentiles of the duration.
    """
    return show_report(question, output, REPORTS["requests"], **filters)


@command(
    examples=("mlw insights endpoints dev", "mlw insights endpoints dev --endpoint churn --offset 1h"),
    exit_codes=EXIT_CODES,
)
@asks_insights()
@click.option("--endpoint", metavar="NAME", help="Only this endpoint.")
@click.option("--deployment", metavar="NAME", help="Only this deployment.")
@prints_data(Format.TABLE, has_json_flag=True)
def endpoints(question: Question, output: Output, **filters: str | None) -> int:
    """Show requests to online endpoints by deployment and status.

    Every request to an endpoint counts once, also one that was refused before a deployment was chosen: it has none.
    """
    return show_report(question, output, REPORTS["endpoints"], **filters)


@command(
    examples=(
        "mlw insights dependencies dev",
        "mlw insights dependencies dev --type postgresql --start-time 2026-11-29T08:00 --end-time 2026-11-29T09:00",
    ),
    exit_codes=EXIT_CODES,
)
@asks_insights()
@SERVICE
@OPERATION
@click.option("--type", metavar="TYPE", help="Only this type, e.g. HTTP, postgresql, InProc.")
@click.option("--target", metavar="TARGET", help="Only this target, e.g. a host or a database.")
@prints_data(Format.TABLE, has_json_flag=True)
def dependencies(question: Question, output: Output, **filters: str | None) -> int:
    """Show calls to other services by type, target and name.

    Dependencies are CLIENT, PRODUCER and INTERNAL spans; the last have the type InProc. With --operation:
    those of requests of this operation, also in the services that it calls.
    """
    return show_report(question, output, REPORTS["dependencies"], **filters)


@command(
    examples=("mlw insights exceptions dev", "mlw insights exceptions dev --offset 7d --type ValueError"),
    exit_codes=EXIT_CODES,
)
@asks_insights()
@SERVICE
@OPERATION
@click.option("--type", metavar="TYPE", help="Only this type of exception.")
@prints_data(Format.TABLE, has_json_flag=True)
def exceptions(question: Question, output: Output, **filters: str | None) -> int:
    """Show exceptions by problem: how many, when last, and an example.

    A problem is a type of exception and the function that raised it. `mlw insights trace STACK ID` shows the operation
    of the example.
    """
    return show_report(question, output, REPORTS["exceptions"], **filters)


@command(
    examples=("mlw insights failures dev", "mlw insights failures dev --offset 1h --operation 'GET /score'"),
    exit_codes=EXIT_CODES,
)
@asks_insights()
@SERVICE
@OPERATION
@prints_data(Format.TABLE, has_json_flag=True)
def failures(question: Question, output: Output, **filters: str | None) -> int:
    """Show failed requests and dependencies by result code, and exceptions.

    `mlw insights trace STACK ID` shows the operation of an example.
    """
    reports = [REPORTS["failures"], REPORTS["exceptions"]]
    results = [question.ask(report, **filters) for report in reports]
    data = {report.name: result.records() for report, result in zip(reports, results, strict=True)}
    print_result(output, results[0], question.range, data=data, text=lambda: _sections(question, reports, results))
    return DONE


@command(
    examples=("mlw insights availability dev", "mlw insights availability dev --offset 30d -o json"),
    exit_codes=EXIT_CODES,
)
@asks_insights()
@click.option("--test", metavar="NAME", help="Only this availability test.")
@prints_data(Format.TABLE, has_json_flag=True)
def availability(question: Question, output: Output, **filters: str | None) -> int:
    """Show the results of availability tests.

    The health paths of the workspace's own services are tested every minute.
    """
    return show_report(question, output, REPORTS["availability"], **filters)


@command(examples=("mlw insights map dev", "mlw insights map dev --offset 1h -o json"), exit_codes=EXIT_CODES)
@asks_insights()
@SERVICE
@prints_data(Format.TABLE, has_json_flag=True)
def application_map(question: Question, output: Output, **filters: str | None) -> int:
    """Show which services call which: calls, failures, durations.

    A call to a service that traces its requests leads to that service; any other to its target, e.g. a database.
    """
    reports = [REPORTS["map-nodes"], REPORTS["map"]]
    results = [question.ask(report, **filters) for report in reports]
    data = {"nodes": results[0].records(), "edges": results[1].records()}
    print_result(output, results[0], question.range, data=data, text=lambda: _sections(question, reports, results))
    return DONE


def _sections(question: Question, reports: list[Report], results: list[QueryResult]) -> str:
    """Several reports under their titles; the range stands above the first."""
    sections: list[Any] = []
    for number, (report, result) in enumerate(zip(reports, results, strict=True)):
        more = notes(result, question.range)[1:] if number else []
        sections.append("\n".join([report.title, "", text_of(report, result), *more]))
    return "\n\n".join(sections)
