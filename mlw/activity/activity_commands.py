"""`mlw activity list` and `mlw activity verify`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from mlw.activity import activity_places, queries, verification
from mlw.activity.events import Event, Status
from mlw.activity.queries import DEFAULT_EVENTS, EventFilter
from mlw.activity.verification import Verdict
from mlw.command import DONE, FAILED, FAILURE, PROGRAM, command
from mlw.command_options import stack_names
from mlw.data_output import Format, Output, prints_data
from mlw.insights.time_ranges import TimeRange, TimeRangeError, time_range
from mlw.output import table

_HEADINGS = ("TIME (UTC)", "STATUS", "OPERATION", "RESOURCE", "CALLER", "CORRELATION ID")
_STATUSES = [str(status) for status in Status]


@command(
    examples=(
        "mlw activity list",
        "mlw activity list dev --offset 7d --status Failed",
        "mlw activity list --resource-group rg-churn-dev-westeurope-001 --max-events 200 -o json",
        "mlw activity list dev --query '[].operationName' -o tsv",
    ),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@click.argument(
    "stack", metavar="[STACK]", required=False, shell_complete=stack_names, help="Only events of this stack."
)
@click.option("--offset", metavar="LENGTH", help="Length of the time range, e.g. 30m, 6h, 2d. Default: 24h.")
@click.option("--start-time", metavar="TIME", help="Start of the time range; UTC unless it has a zone.")
@click.option("--end-time", metavar="TIME", help="End of the time range; by default now.")
@click.option("--caller", metavar="CALLER", help="Only events of this caller, e.g. dora@lab1.")
@click.option("--correlation-id", metavar="ID", help="Only events of one run.")
@click.option("--resource-group", "-g", metavar="NAME", help="Only events in this resource group.")
@click.option("--resource-id", metavar="ID", help="Only events of this resource and of what is below it.")
@click.option(
    "--status",
    type=click.Choice(_STATUSES, case_sensitive=False),
    metavar="STATUS",
    help=f"One of {', '.join(_STATUSES)}.",
)
@click.option("--operation", metavar="NAME", help="Only operations whose name begins with this.")
@click.option(
    "--max-events",
    type=click.IntRange(min=1),
    default=DEFAULT_EVENTS,
    metavar="NUMBER",
    help=f"Show at most this many events; the default is {DEFAULT_EVENTS}.",
)
@prints_data(Format.TABLE, has_json_flag=True)
def list_events(*, max_events: int, output: Output, **given: Any) -> int:  # noqa: ANN401 - the filters, from Click
    """List events of the activity log.

    Who created, changed and deleted what, who listed keys, and with which result; the newest event comes first. Adds
    what plain Pulumi has done in this backend since the last command. The log is in MLW_HOME and contains what was done
    from there, also of stacks that no longer exist.
    """
    chosen = _range(given.pop("offset"), given.pop("start_time"), given.pop("end_time"))
    filters = {name: value or "" for name, value in given.items()}
    # One more than wanted, to know whether there are more.
    found = queries.list_events(EventFilter(start=chosen.start, end=chosen.end, **filters), maximum=max_events + 1)
    shown = found[:max_events]
    if output.is_text:
        print(f"Time range: {chosen}", file=sys.stderr)
    output.print(shown, lambda: _as_text(shown))
    if len(found) > max_events:
        print(f"{PROGRAM}: there are more than {max_events} events; --max-events shows more.", file=sys.stderr)
    return DONE


@command(
    examples=("mlw activity verify", "mlw activity verify --head 3b1f0c…", "mlw activity verify --query digest -o tsv"),
    exit_codes={DONE: "nothing was changed", FAILED: f"records were altered, removed or moved; or it {FAILURE}"},
)
@click.option("--head", metavar="DIGEST", default="", help="A digest that was noted earlier; the log must contain it.")
@prints_data(Format.TABLE, has_json_flag=True)
def verify(head: str, output: Output) -> int:
    """Check that the activity log was not changed.

    Each record contains the digest of the one before it. Names every record that was altered, removed, repeated or
    moved. Whoever can write the files can also write a whole new chain: note the digest that this prints somewhere
    else, e.g. in a ticket, and give it as --head later.
    """
    verdict = verification.verify(head)
    output.print(_as_json(verdict), lambda: _verdict(verdict))
    return FAILED if verdict.findings else DONE


def _range(offset: str | None, start: str | None, end: str | None) -> TimeRange:
    try:
        return time_range(offset=offset, start=start, end=end)
    except TimeRangeError as exc:
        raise click.UsageError(str(exc), click.get_current_context()) from exc


def _as_text(found: Sequence[Event]) -> str:
    if not found:
        return "No events. A longer range, e.g. --offset 30d, looks further back."
    return table(_HEADINGS, [_row(event) for event in found])


def _row(event: Event) -> tuple[str, ...]:
    moment = str(event["eventTimestamp"])[:19].replace("T", " ")
    resource = str(event["resourceId"]).rpartition("/")[2]
    return (moment, event["status"], event["operationName"], resource, event["caller"], event["correlationId"])


def _as_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "records": verdict.records,
        "sequence": verdict.head.sequence,
        "digest": verdict.head.digest,
        "findings": [
            {"file": found.file, "line": found.line or None, "problem": found.problem} for found in verdict.findings
        ],
    }


def _verdict(verdict: Verdict) -> str:
    place = f"{verdict.records} records in '{activity_places.folder()}'"
    if not verdict.findings:
        return f"Unchanged: {place}.\nDigest of the last one: {verdict.head.digest}"
    lines = [f"Changed: {place}."]
    for found in verdict.findings:
        where = f"{found.file}, line {found.line}: " if found.line else f"{found.file}: " if found.file else ""
        lines.append(f"  {where}{found.problem}")
    return "\n".join(lines)
