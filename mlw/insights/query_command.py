"""`mlw insights query`: any query, in SQL or KQL."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import click

from mlw.command import DONE, command
from mlw.data_output import Format, Output, prints_data
from mlw.insights.query_options import Question, asks_insights, print_result
from mlw.insights.report_commands import EXIT_CODES
from mlw.insights.result_text import result_table

LANGUAGES = ("sql", "kql")
_TIME_CONDITION = re.compile(r"\bago\s*\(|\bwhere\b[^|]*\btimestamp\b", re.IGNORECASE)


@command(
    examples=(
        'mlw insights query dev "select name, count(*) from requests group by all"',
        'mlw insights query dev "requests | where success == false | summarize count() by resultCode" --offset 7d',
        "mlw insights query dev - < slow-requests.sql",
    ),
    exit_codes=EXIT_CODES,
)
@asks_insights()
@click.argument("text", metavar="TEXT", help="The query; `-` reads it from standard input.")
@click.option(
    "--language",
    metavar="LANGUAGE",
    type=click.Choice(LANGUAGES),
    help="sql or kql; by default, what begins with SELECT, WITH or FROM is SQL.",
)
@prints_data(Format.TABLE, has_json_flag=True)
def query(question: Question, text: str, language: str | None, output: Output) -> int:
    """Run a query over the tables of application insights.

    The tables are requests, dependencies, exceptions, traces (logs), customEvents, customMetrics, availabilityResults
    and spans, each restricted to the time range: a condition on `timestamp` does not look further. Queries only read.

    SQL is DuckDB's. KQL needs the extra `kql` and is translated to SQL; what cannot be translated is an error.
    """
    from mlw.insights import kql  # noqa: PLC0415 - only for queries

    written = sys.stdin.read() if text == "-" else text
    if not written.strip():
        raise click.UsageError("the query is empty", click.get_current_context())
    is_sql = kql.is_sql(written) if language is None else language == "sql"
    result = question.ask_sql(written if is_sql else kql.to_sql(written, lambda table: _columns(question, table)))
    if not question.has_range and _TIME_CONDITION.search(written):
        print("Conditions on timestamp do not look beyond the time range; --offset makes it longer.", file=sys.stderr)
    print_result(
        output,
        result,
        question.range,
        data=result.records(),
        text=lambda: result_table(result) if result.rows else "No rows in this range.",
    )
    return DONE


def _columns(question: Question, table: str) -> Sequence[str]:
    return question.ask_sql(f"select * from {table} limit 0").columns  # noqa: S608 - one of our tables
